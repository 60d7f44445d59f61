"""What is watched: begun by an event, asked for when it is due, until it ends."""

import asyncio
from dataclasses import replace

from relay.clock import SECOND
from relay.store.protocol import Entry, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import entry, put, sound, stored, watch

LATER = START + 10 * SECOND


async def test_a_watch_begins_with_its_event(store: Store, home: Home) -> None:
    """Every word of it, over a restart; how many there are is counted."""
    assert (store.watch_due("parcel"), store.watch_names()) == (None, set())
    begun = watch(about='{"id":"Zoë"}')
    await put(store, "k", watches=(begun, watch("43", name="tracking", due=LATER)))
    for _ in range(2):
        assert store.watch_names() == {"parcel", "tracking"}
        assert (store.watch_due("parcel"), store.watch_due("tracking")) == (START, LATER)
        assert await store.due_watches("parcel", START, 10) == [begun]
        assert await store.due_watches("tracking", START, 10) == []
        assert (await store.stats(0)).watches == {"parcel": 1, "tracking": 1}
        store = await home.restart()
    await sound(store)


async def test_a_duplicate_begins_nothing(store: Store) -> None:
    """Neither in an append of its own, nor beside the first of its name."""
    await put(store, "a")
    await put(store, "a", watches=(watch(),))
    await store.append([entry(store, "b"), entry(store, "b", watches=(watch(),))])
    assert store.watch_due("parcel") is None
    assert await store.due_watches("parcel", START, 10) == []


async def test_due_ones_come_in_their_order(store: Store) -> None:
    """The oldest due first, as many as are wanted, none before its time."""
    due = {str(n): START + (7 * n % 10) * SECOND for n in range(10)}
    await put(store, watches=[watch(key, due=at) for key, at in due.items()])
    got = await store.due_watches("parcel", START + 5 * SECOND, 4)
    assert [each.due for each in got] == [START + n * SECOND for n in range(4)]
    assert len(await store.due_watches("parcel", START + 5 * SECOND, 100)) == 6


async def test_a_pass_moves_and_ends_watches(store: Store, home: Home) -> None:
    """With its events and its state; when the next one is due is known at once."""
    one, two, three = watch("1"), watch("2", due=START + 1), watch("3", due=LATER)
    await put(store, watches=(one, two, three))
    moved = replace(one, due=LATER + 1, state='{"status":"On its way"}', about="untouched", until=0)
    (receipt,) = await stored(store, entry(store, "42#1"), moved=[moved], ended=[two])
    assert not receipt.duplicate
    for _ in range(2):
        assert store.watch_due("parcel") == LATER
        assert await store.due_watches("parcel", LATER + 1, 10) == [
            three,
            replace(one, due=moved.due, state=moved.state),
        ]
        store = await home.restart()
    await stored(store, ended=[one, three])
    assert (store.watch_due("parcel"), store.watch_names()) == (None, set())


async def test_many_watches_in_one_pass(store: Store) -> None:
    """More than a statement takes are moved, and more end."""
    all = [watch(str(n)) for n in range(300)]
    await put(store, watches=all)
    await stored(store, moved=[replace(each, due=LATER) for each in all[:200]], ended=all[200:])
    assert len(await store.due_watches("parcel", LATER, 1000)) == 200
    assert store.watch_due("parcel") == LATER


async def test_a_watch_that_was_forgotten_is_not_moved_back(store: Store) -> None:
    """A pass that was on its way moves only what is still there."""
    await put(store, watches=[watch(str(n)) for n in range(600)] + [watch(name="tracking")])
    await store.forget_watches("parcel")
    assert (store.watch_due("parcel"), store.watch_names()) == (None, {"tracking"})
    await stored(store, moved=[watch("1", due=LATER)])
    assert await store.due_watches("parcel", LATER, 1000) == []
    assert len(await store.due_watches("tracking", LATER, 10)) == 1


async def test_what_is_begun_again_lives_on_under_the_newer_event(store: Store) -> None:
    """With what is known of it; a pass that asked for the older one neither ends nor delays it."""
    first = watch(about="1")
    await put(store, "a", watches=(first,))
    await stored(store, moved=[replace(first, due=LATER, state='"seen"')])
    second = watch(about="2", started=START + 5, until=first.until + 5, due=START + 5)
    await put(store, "b", watches=(second,))
    assert await store.due_watches("parcel", START + 5, 10) == [replace(second, state='"seen"')]
    await stored(store, ended=[first])
    await stored(store, moved=[replace(first, due=LATER, state='"moved"')])
    assert await store.due_watches("parcel", LATER, 10) == [replace(second, state='"moved"')]
    assert store.watch_due("parcel") == START + 5
    await stored(store, ended=[second])
    assert store.watch_due("parcel") is None


async def test_whoever_asks_is_woken(store: Store) -> None:
    """By what begins, moves, ends and is forgotten; not by other events."""
    woken: list[set[str]] = []
    store.listen_watches(woken.append)
    await put(store)
    await put(store, watches=(watch(),))
    await stored(store, moved=[watch(due=LATER)])
    await stored(store, ended=[watch()])
    await store.forget_watches("tracking")
    assert woken == [{"parcel"}, {"parcel"}, {"parcel"}, {"tracking"}]


async def test_an_event_that_cannot_be_stored_begins_nothing(store: Store) -> None:
    """Nor does a watch that cannot be stored leave its event behind; others of the batch are stored."""
    entries: list[Entry] = [
        entry(store, "bad", type="\ud800", watches=(watch("1"),)),
        entry(store, "worse", watches=(watch("\ud800"),)),
        entry(store, "good", watches=(watch("3"),)),
    ]
    results = await asyncio.gather(*[store.append([each]) for each in entries], return_exceptions=True)
    assert [isinstance(result, Exception) for result in results] == [True, True, False]
    assert [each.key for each in await store.due_watches("parcel", START, 10)] == ["3"]
    assert (await put(store, "worse")).duplicate is False
