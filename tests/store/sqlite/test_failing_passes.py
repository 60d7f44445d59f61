"""Each statement of passes failing once: events, items, state and watches move together or not at all."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.errors import StoreUnavailable
from relay.store import writer
from relay.store.protocol import Query, Store
from tests.clock import START, ManualClock
from tests.store.sqlite.faulty import Wrong, break_writing, every_fault, insisted
from tests.store.words import entry, items, put, sound, stored, watch

PASSES = 4


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "AGAIN", 0.0)


async def passed(store: Store, n: int) -> None:
    """The n-th pass: an event that begins a watch, the watch before moved, the one before that ended."""
    news = entry(store, f"p{n}", via="poll", watches=(watch(str(n)),))
    moved, ended = [watch(str(n - 1), due=START + 1)], [watch(str(n - 2))]
    await stored(store, news, state=str(n), items=items(f"p{n}"), moved=moved, ended=ended)


async def is_at(store: Store, *expected: int) -> int:
    """The rows are those of one of the `expected` passes, whole; which one."""
    last = int((await store.poll_states()).get("list", {}).get("", "-1"))
    assert last in expected
    names = [f"p{n}" for n in range(PASSES)]
    events = (await store.find(Query())).events
    assert [event.key for event in events if event.via == "poll"] == names[: last + 1][::-1]
    assert set(await store.items("list", "", names)) == set(names[: last + 1])
    watched = {each.key: each.due for each in await store.due_watches("parcel", START + 1, PASSES)}
    assert watched == {str(n): START + last - n for n in range(max(0, last - 1), last + 1)}
    return last


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_every_write_of_passes_failing(tmp_path: Path, clock: ManualClock, wrong: Wrong) -> None:
    """A pass that was refused is there whole or not at all, and asked again it is there once."""

    async def live(store: Store, at: int) -> bool:
        faulty = break_writing(store, at, wrong)
        for n in range(PASSES):
            try:
                await passed(store, n)
            except StoreUnavailable:
                last = await is_at(store, n - 1, n)
                assert last == n - 1 or wrong == "after"
                await passed(store, n)
            await is_at(store, n)
            assert store.poll_state("list") == str(n)
            assert store.watch_due("parcel") == START
        store.remember_poll("chat", "", "1")
        await store.flush()
        fired = faulty.mend()
        assert (await store.poll_states())["chat"] == {"": "1"}
        await sound(store)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 50


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_every_write_of_forgetting_failing(tmp_path: Path, clock: ManualClock, wrong: Wrong) -> None:
    """Asked for until it is done, it is done, and nothing else went; what is due is what the rows say."""
    ids = [f"i{n}" for n in range(700)]

    async def live(store: Store, at: int) -> bool:
        await stored(store, items=items(*ids))
        await stored(store, poll="chat", items=[*items("old"), *items("new", at=START + SECOND)])
        await put(store, watches=[watch(str(n)) for n in range(600)] + [watch(name="tracking")])
        faulty = break_writing(store, at, wrong)
        await insisted(partial(store.forget_poll, "list"))
        await insisted(partial(store.forget_watches, "parcel"))
        while await insisted(partial(store.forget_items, "chat", START + 1)):
            pass
        while await insisted(partial(store.forget_items, "chat", START + 1)):
            pass
        fired = faulty.mend()
        await put(store)
        assert (store.poll_names(), await store.items("list", "", ids)) == ({"chat"}, {})
        assert set(await store.items("chat", "", ["old", "new"])) == {"new"}
        assert (store.watch_names(), store.watch_due("parcel")) == ({"tracking"}, None)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 12


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_what_is_due_is_known_though_nobody_asks_again(
    tmp_path: Path, clock: ManualClock, wrong: Wrong
) -> None:
    """An error is all that was heard of a commit: the next one, whatever it holds, tells what there is."""

    async def live(store: Store, at: int) -> bool:
        await put(store, watches=(watch(name="tracking"),))
        faulty = break_writing(store, at, wrong)
        with suppress(StoreUnavailable):
            await put(store, watches=(watch(),))
        with suppress(StoreUnavailable):
            await store.forget_watches("tracking")
        fired = faulty.mend()
        await put(store)
        for name in ("parcel", "tracking"):
            there = bool(await store.due_watches(name, START, 1))
            assert store.watch_due(name) == (START if there else None)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 8
