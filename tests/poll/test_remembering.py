"""What a poll must not forget, and what a clock that goes back must not put off."""

from collections.abc import Callable
from typing import Any

from relay.clock import micros
from relay.event import Event
from relay.poll.backfill import Backfill
from relay.poll.cursor import forget_before
from relay.poll.gap import Source, command
from relay.poll.keeper import Keeper
from relay.poll.turns import Turns
from relay.store.protocol import Entry
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Asked, Says
from tests.poll.stand import Stand, bodies

TIMELESS = """
path = "/list"
items = "body.items"
id = "item.id"
next = 'get(body, "next", null)'
"""
COMPARED = """
path = "/list"
items = "body"
id = "item.id"
time = "ts(item.at)"
type = "item.s"
change = "item.s"
"""
DAY = micros(86_400)


def pages(*lists: list[str]) -> Callable[[Asked], Says]:
    """A list over several pages, without times."""

    def answer(asked: Asked) -> Says:
        number = int(asked.query.get("p", 0))
        document: dict[str, Any] = {"items": [{"id": id} for id in lists[number]]}
        if number + 1 < len(lists):
            document["next"] = f"/list?p={number + 1}"
        return Says(document)

    return answer


def one(state: str, at: int) -> Callable[[Asked], Says]:
    """A list of one item."""
    return lambda _asked: Says([{"id": "x", "s": state, "at": at // 1_000_000}])


def keeper(stand: Stand, source: Source | None = None) -> Keeper:
    told = source or Source(None, None, START)
    return Keeper(stand.runner(), lambda: told, Turns().of("shop"), lambda _keeper, _passed: None)


async def test_what_later_pages_list_is_not_forgotten(stands: Stands) -> None:
    """Where items have no time a pass ends at a page that is known: what is behind it is listed still."""
    stand = stands(TIMELESS)
    await stand.run(pages(["a", "b"], ["c", "d"], ["e", "f"]))
    for _ in range(5):
        stand.later(900)
        assert (await stand.run()).new == 0
    before = forget_before(stand.poll.config, stand.state, 7 * 86_400.0)
    while before is not None and await stand.store.forget_items("list", before, ""):
        pass
    stand.later(60)
    await stand.run(pages(["new", "a"], ["b", "c"], ["d", "e"], ["f"]))
    assert await stand.keys() == ["new"]


async def test_a_backfill_counts_on_where_the_poll_is(stands: Stands) -> None:
    """The next change of an item that it brought is another event."""
    stand = stands(COMPARED)
    now = stand.clock.now()
    await stand.run(one("P", now - 3 * DAY))
    begun = Backfill(now - 5 * DAY, now)
    await begun.run([stand.runner()], stand.store.forget_poll)
    assert (begun.new, begun.error) == (1, "")
    stand.later(60)
    await stand.run(one("S", stand.clock.now()))
    assert [body["s"] for body in bodies(await stand.events())] == ["P", "S"]


async def test_a_clock_that_goes_back_puts_nothing_off(stands: Stands) -> None:
    """A month back: the next pass is due as soon as it was."""
    stand = stands(TIMELESS)
    await stand.run(pages([]))
    _, due = keeper(stand)._look()
    assert due is not None
    waits = due - stand.clock.now()
    stand.later(-30 * 86_400)
    _, due = keeper(stand)._look()
    assert due is not None
    assert due - stand.clock.now() <= waits


async def test_a_fill_by_hand_doubles_nothing_that_is_forgotten(stands: Stands) -> None:
    """It reads no further back than webhooks are remembered by name."""
    stand = stands(
        'path = "/list"\nitems = "body"\nid = "item.id"\ntime = "ts(item.at)"\nsource = "list"\n'
        'gap = { silence = "1d" }\nstart = "all"\n'
    )
    old, new = stand.later(0) - 20 * DAY, stand.clock.now() - DAY
    event = Event(stand.store.next_id(new), "list", "new", "t", "webhook", new, b"{}")
    await stand.store.append([Entry(event, ())])
    source = Source(new, 86_400.0, START, floor=stand.clock.now() - 7 * DAY)
    items = [{"id": "old", "at": old // 1_000_000}, {"id": "new", "at": new // 1_000_000}]
    passed = await stand.run(lambda _asked: Says(items), fill=command(stand.poll.config, stand.state, source))
    assert passed.new == 0
    assert await stand.keys() == ["new"]
