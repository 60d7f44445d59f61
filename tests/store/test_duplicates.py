"""One event, one identity: contract 1.4."""

import asyncio

import pytest

from relay.store.protocol import Store
from tests.store.conftest import Home
from tests.store.words import claimed_all, delivered, entry, found, put, sound


async def test_a_known_key_is_a_duplicate(store: Store) -> None:
    """The second of a key is answered with the first one's id, and planned nowhere."""
    first, second = await put(store, "k"), await put(store, "k", to=("ledger",))
    assert (second.id, second.duplicate) == (first.id, True)
    assert await found(store) == [first.id]
    assert await claimed_all(store, "ledger") == []
    await sound(store)


async def test_a_key_is_known_after_a_restart(store: Store, home: Home) -> None:
    """And after its delivery, too."""
    first = await put(store, "k")
    await delivered(store)
    again = await home.restart()
    second = await put(again, "k")
    assert (second.id, second.duplicate) == (first.id, True)


async def test_no_key_is_never_a_duplicate(store: Store) -> None:
    """Equal events without a key are two, whether in one append or in two."""
    receipts = [*await store.append([entry(store), entry(store)]), await put(store)]
    assert not any(receipt.duplicate for receipt in receipts)
    assert len({receipt.id for receipt in receipts}) == 3


async def test_the_same_key_in_two_sources_is_two_events(store: Store) -> None:
    """A key is compared within its source; no source and key can be mistaken for another's."""
    receipts = [
        await put(store, key, source=source)
        for source, key in (("shop", "1"), ("erp", "1"), ("sho", "p1"), ("shop1", ""))
    ]
    assert [receipt.duplicate for receipt in receipts] == [False] * 4


async def test_two_of_a_key_in_one_append(store: Store) -> None:
    """The first is stored, the second has its id."""
    first, second = await store.append([entry(store, "k"), entry(store, "k")])
    assert (first.duplicate, second.duplicate, second.id) == (False, True, first.id)
    await sound(store)


async def test_many_of_a_key_at_the_same_moment(store: Store) -> None:
    """Of a hundred concurrent appends one is new, and all are answered with its id."""
    receipts = [r for (r,) in await asyncio.gather(*[store.append([entry(store, "k")]) for _ in range(100)])]
    assert [receipt.duplicate for receipt in receipts].count(False) == 1
    assert len({receipt.id for receipt in receipts}) == 1
    assert len(await claimed_all(store)) == 1


@pytest.mark.parametrize("together", [True, False], ids=["in one append", "one after the other"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a", ()), ("b", ("a",))),
        (("a", ("b",)), ("b", ())),
        (("a", ("x",)), ("b", ("x",))),
        ((None, ("x",)), ("b", ("y", "x"))),
    ],
    ids=["also names a key", "key names an also", "one further name in common", "no key but a name"],
)
async def test_a_further_name_that_is_known_makes_a_duplicate(
    store: Store,
    first: tuple[str | None, tuple[str, ...]],
    second: tuple[str, tuple[str, ...]],
    *,
    together: bool,
) -> None:
    """Key or further name, whichever is known: it is the same event."""
    entries = [entry(store, first[0], also=first[1]), entry(store, second[0], also=second[1])]
    if together:
        one, two = await store.append(entries)
    else:
        (one,), (two,) = [await store.append([each]) for each in entries]
    assert (one.duplicate, two.duplicate, two.id) == (False, True, one.id)


async def test_a_duplicates_further_names_are_learnt(store: Store, home: Home) -> None:
    """What a known event is called besides is known from then on, over a restart, along a chain of names."""
    first = await put(store, "a")
    await put(store, "a", also=("b",))
    assert (await put(store, "b", also=("c",))).id == first.id
    again = await home.restart()
    third = await put(again, "z", also=("c",))
    assert (third.id, third.duplicate) == (first.id, True)


async def test_names_learnt_within_one_append_count_in_it(store: Store) -> None:
    """a, then a called b, then b: one event."""
    receipts = await store.append([entry(store, "a"), entry(store, "a", also=("b",)), entry(store, "b")])
    assert [receipt.duplicate for receipt in receipts] == [False, True, True]
    assert len({receipt.id for receipt in receipts}) == 1
    await sound(store)


async def test_more_names_than_a_statement_takes(store: Store) -> None:
    """An event of many names is found by the last of them, and many keys at once are all found again."""
    names = tuple(f"n{n}" for n in range(200))
    first = await put(store, "k", also=names)
    assert (await put(store, "other", also=(names[-1],))).id == first.id
    keys = [f"k{n}" for n in range(300)]
    await store.append([entry(store, key) for key in keys])
    assert all(receipt.duplicate for receipt in await store.append([entry(store, key) for key in keys]))


async def test_a_refused_event_leaves_no_name_behind(store: Store) -> None:
    """What was not stored is not known: the sender's retry is stored."""
    poisonous = entry(store, "k", type="\ud800")
    (result,) = await asyncio.gather(store.append([poisonous]), return_exceptions=True)
    assert isinstance(result, Exception)
    assert (await put(store, "k")).duplicate is False


async def test_known_names_are_told(store: Store, home: Home) -> None:
    """Keys and further names of this source, over a restart, also of an event that was let go; no other's."""
    await put(store, "a", also=("b", "Zoë"), to=())
    await put(store, "c", source="erp")
    home.clock.advance(1)
    for _ in range(2):
        assert await store.known_names("shop", ["a", "b", "Zoë", "c", "d", "a"]) == {"a", "b", "Zoë"}
        assert await store.known_names("erp", (name for name in "abc")) == {"c"}
        assert await store.known_names("shop", []) == set()
        await store.shed()
        store = await home.restart()
    many = [f"n{n}" for n in range(300)]
    await store.append([entry(store, name) for name in many])
    assert await store.known_names("shop", [*many, "other"]) == set(many)
