"""What is known of polls: their parts' states, and what their lists held."""

import asyncio
from functools import partial

import pytest

from relay.clock import SECOND
from relay.errors import StoreUnavailable
from relay.store.progress import Item
from relay.store.protocol import Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import entry, found, items, put, shown, sound, stored

HOUR = 3600 * SECOND


async def test_nothing_is_known_of_a_new_poll(store: Store) -> None:
    """No part, no state, no item."""
    assert store.poll_names() == set()
    assert store.poll_parts("list") == set()
    assert store.poll_state("list") is None
    assert await store.items("list", "", ["a"]) == {}


async def test_a_state_is_remembered_over_a_restart(store: Store, home: Home) -> None:
    """At hand at once, the last word of each part."""
    store.remember_poll("list", "", '{"n":1}')
    assert store.poll_state("list") == '{"n":1}'
    await store.flush()
    store.remember_poll("list", "", '{"n":2}')
    store.remember_poll("chat", '{"channel":"C1"}', '{"cursor":"Zoë"}')
    again = await home.restart()
    assert again.poll_names() == {"list", "chat"}
    assert again.poll_parts("chat") == {'{"channel":"C1"}'}
    assert again.poll_state("list") == '{"n":2}'
    assert again.poll_state("chat", '{"channel":"C1"}') == '{"cursor":"Zoë"}'
    assert again.poll_state("chat") is None
    assert await again.poll_states() == {
        "list": {"": '{"n":2}'},
        "chat": {'{"channel":"C1"}': '{"cursor":"Zoë"}'},
    }


async def test_a_pass_is_stored_whole(store: Store, home: Home) -> None:
    """Events, state and items of one part; the other parts stay where they were."""
    await stored(store, part="other", state="1", items=items("a"))
    receipts = await stored(store, entry(store, "a"), entry(store, "b"), state="2", items=items("a", "b"))
    assert [receipt.duplicate for receipt in receipts] == [False, False]
    for _ in range(2):
        assert (store.poll_state("list"), store.poll_state("list", "other")) == ("2", "1")
        assert set(await store.items("list", "", ["a", "b"])) == {"a", "b"}
        assert set(await store.items("list", "other", ["a", "b"])) == {"a"}
        assert len(await found(store)) == 2
        store = await home.restart()
    await sound(store)


async def test_a_pass_without_events_moves_all_the_same(store: Store) -> None:
    """Nothing was new, and the cursor went on: no receipt."""
    assert await stored(store, state="7", items=items("a")) == []
    assert store.poll_state("list") == "7"
    assert set(await store.items("list", "", ["a"])) == {"a"}


async def test_a_refused_pass_moves_nothing(store: Store) -> None:
    """One event of it cannot be stored: neither state nor items nor the others are."""
    await stored(store, state="1")
    with pytest.raises(StoreUnavailable):
        await stored(store, entry(store, "a"), entry(store, "b", type="\ud800"), state="2", items=items("a"))
    assert store.poll_state("list") == "1"
    assert await store.items("list", "", ["a"]) == {}
    assert await found(store) == []
    assert (await put(store, "a")).duplicate is False


@pytest.mark.parametrize("first", ["poll", "webhooks", None])
async def test_a_webhook_and_a_poll_that_race_are_one_event(store: Store, first: str | None) -> None:
    """By key and by further name, one after the other or in one transaction; the pass moves all the same."""
    polled = [entry(store, key, via="poll") for key in ("a", "b", "c")]
    hooks = [entry(store, "a"), entry(store, "h1", also=("b",))]
    passing = partial(stored, store, *polled, state="1", items=items("a", "b", "c"))
    sending = partial(store.append, hooks, 60.0)
    match first:
        case "poll":
            passed, sent = await passing(), await sending()
            assert all(receipt.duplicate for receipt in sent)
        case "webhooks":
            sent, passed = await sending(), await passing()
            assert [receipt.duplicate for receipt in passed] == [True, True, False]
        case _:
            passed, sent = await asyncio.gather(passing(), sending())
    assert [receipt.duplicate for receipt in (*passed, *sent)].count(True) == 2
    assert [receipt.id for receipt in sent] == [receipt.id for receipt in passed[:2]]
    assert len(await found(store)) == 3
    assert store.poll_state("list") == "1"
    await sound(store)


async def test_items_are_known_once_they_were_listed(store: Store, home: Home) -> None:
    """With what is known of them, over a restart; in their own part of their own poll only."""
    await stored(store, items=[Item("a", START, b"\x00\xff", 2), Item("Zoë", START)])
    await stored(store, part="other", items=items("c"))
    again = await home.restart()
    assert await again.items("list", "", ["a", "Zoë", "c", "d", "a"]) == {
        "a": Item("a", START, b"\x00\xff", 2),
        "Zoë": Item("Zoë", START),
    }
    assert set(await again.items("list", "other", ["a", "c"])) == {"c"}
    assert await again.items("chat", "", ["a"]) == {}
    assert await again.items("list", "", []) == {}


async def test_more_items_than_a_statement_takes(store: Store) -> None:
    """All of them are known."""
    ids = [f"i{n}" for n in range(1500)]
    await stored(store, items=items(*ids))
    assert set(await store.items("list", "", [*ids, "other"])) == set(ids)


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        (Item("a", START + 59), Item("a", START)),
        (Item("a", START + 60), Item("a", START)),
        (Item("a", START + 61), Item("a", START + 61)),
        (Item("a", START + 1, b"new"), Item("a", START + 1, b"new")),
        (Item("a", START + 1, None, 1), Item("a", START + 1, None, 1)),
        (Item("a", START - HOUR), Item("a", START)),
    ],
    ids=["fresh", "just fresh", "stale", "another digest", "another n", "the clock went back"],
)
async def test_an_item_is_written_again_only_if_it_says_something(
    store: Store, listed: Item, kept: Item
) -> None:
    """It changed, or was last written longer ago than `refresh`."""
    await stored(store, items=items("a"))
    await stored(store, items=[listed], refresh=60)
    assert (await store.items("list", "", ["a"]))["a"] == kept


async def test_a_value_that_is_compared_no_more_is_forgotten(store: Store) -> None:
    """The digest goes when the item is listed without one."""
    await stored(store, items=items("a", digest=b"d"))
    await stored(store, items=items("a"), refresh=HOUR)
    assert (await store.items("list", "", ["a"]))["a"].digest is None


async def test_old_items_are_forgotten_slice_by_slice(store: Store) -> None:
    """Of every part of the poll, those last listed before; the others, and other polls' items, stay."""
    old, new = [f"o{n}" for n in range(1200)], [f"n{n}" for n in range(300)]
    for part in ("", "b"):
        await stored(store, part=part, items=[*items(*old), *items(*new, at=START + HOUR)])
    await stored(store, poll="chat", items=items(*old))
    slices = 1
    while await store.forget_items("list", START + HOUR):
        slices += 1
    assert slices >= 4
    for part in ("", "b"):
        assert set(await store.items("list", part, [*old, *new])) == set(new)
    assert set(await store.items("chat", "", old)) == set(old)
    assert store.poll_parts("list") == {"", "b"}


async def test_old_items_of_one_part_are_forgotten(store: Store) -> None:
    """Another part, which was not asked for as long, keeps its own."""
    ids = [f"i{n}" for n in range(600)]
    for part in ("", "b"):
        await stored(store, part=part, items=items(*ids))
    while await store.forget_items("list", START + 1, "b"):
        pass
    assert await store.items("list", "b", ids) == {}
    assert set(await store.items("list", "", ids)) == set(ids)


async def test_an_item_that_is_listed_again_meanwhile_stays(store: Store) -> None:
    """A pass and the slice that would have taken it, at the same moment."""
    ids = [f"i{n}" for n in range(100)]
    await stored(store, items=items(*ids))
    forgetting = asyncio.ensure_future(store.forget_items("list", START + 1))
    listing = asyncio.ensure_future(stored(store, items=items(*ids, at=START + 1)))
    await asyncio.gather(forgetting, listing)
    assert set(await store.items("list", "", ids)) == set(ids)


@pytest.mark.parametrize("part", [None, "b"], ids=["all parts", "one part"])
async def test_a_poll_is_forgotten(store: Store, home: Home, part: str | None) -> None:
    """State and items, here and after a restart; another part, another poll and its events stay."""
    ids = [f"i{n}" for n in range(700)]
    for poll, each in (("list", ""), ("list", "b"), ("chat", "")):
        await stored(store, poll=poll, part=each, items=items(*ids))
    id = (await put(store, "k", via="poll")).id
    await store.forget_poll("list", part)
    left = set() if part is None else {""}
    for _ in range(2):
        assert store.poll_names() == {"chat"} | ({"list"} if left else set())
        assert store.poll_parts("list") == left
        assert store.poll_state("list", "b") is None
        assert len(await store.items("list", "", ids)) == (700 if left else 0)
        assert await store.items("list", "b", ids) == {}
        assert len(await store.items("chat", "", ids)) == 700
        store = await home.restart()
    assert (await put(store, "k")).id == id
    await stored(store, part="b", items=items("i1"))
    assert set(await store.items("list", "b", ids)) == {"i1"}


async def test_forgetting_what_is_not_known_is_nothing(store: Store) -> None:
    """No poll, no items, no watches of that name."""
    await store.forget_poll("list")
    assert await store.forget_items("list", START) is False
    await store.forget_watches("parcel")
    assert store.poll_names() == set()


async def test_last_webhook_passes_over_what_polls_brought(store: Store, home: Home) -> None:
    """By source, also when the events were let go: silence is measured from there."""
    assert await store.last_webhook("shop") is None
    await put(store, to=(), at=START + 1)
    await put(store, to=(), at=START + 2, source="erp", via="poll")
    await put(store, to=(), at=START + 3, via="poll")
    home.clock.advance(1)
    for _ in range(3):
        assert (await store.last_webhook("shop"), await store.last_event("shop")) == (START + 1, START + 3)
        assert (await store.last_webhook("erp"), await store.last_event("erp")) == (None, START + 2)
        await store.shed()
        assert await found(store) == []
        store = await home.restart()
    later = (await put(store, at=START + 5 * SECOND)).id
    assert await store.last_webhook("shop") == (await shown(store, later)).received_at
    await sound(store)


async def test_a_document_that_cannot_be_stored_refuses_nobody_else(store: Store) -> None:
    """What gathers in one batch with it is stored, and nothing of it is."""
    good, bad, fine = await asyncio.gather(
        store.append([]),
        stored(store, state="\ud800", items=items("a")),
        stored(store, poll="chat", items=items("a")),
        return_exceptions=True,
    )
    assert (good, fine) == ([], [])
    assert isinstance(bad, StoreUnavailable)
    assert (store.poll_state("list"), await store.items("list", "", ["a"])) == (None, {})
    assert set(await store.items("chat", "", ["a"])) == {"a"}
