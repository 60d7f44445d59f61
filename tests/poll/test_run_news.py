"""What is news: at the start, after a change, beside a webhook, and where an item cannot be used."""

from typing import Any

import pytest

from relay.clock import SECOND
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Asked, Provider, Says
from tests.poll.shop import NEWEST, PLAIN, Shop, scripted, things
from tests.poll.stand import at, bodies

NOW = PLAIN.replace('start = "all"\n', "")
DAY = 86400.0


async def test_what_is_there_at_the_start_is_no_news(stands: Stands) -> None:
    """`start = "now"`: all that the first pass finds is marked; what comes later is news, late items too."""
    stand = stands(NOW)
    passed = await stand.run(things(("old", -9 * DAY), ("a", -1)))
    assert (passed.complete, passed.new, passed.found) == (True, 0, 2)
    stand.later(60)
    await stand.run(things(("old", -9 * DAY), ("a", -1), ("late", -30), ("b", 10)))
    assert await stand.keys() == ["late", "b"]


async def test_an_id_that_was_only_marked_is_unknown_to_webhooks(stands: Stands) -> None:
    """A webhook that brings it is news."""
    stand = stands(NOW)
    await stand.run(things(("a", -1)))
    assert await stand.webhook("a")


async def test_a_first_pass_that_fails_does_not_move_the_start(stands: Stands) -> None:
    """What happened since the first try is news, though the first answer comes an hour later."""
    stand = stands(NOW)
    assert not (await stand.run(scripted(Says(status=403)))).complete
    stand.later(3600)
    await stand.run(things(("before", -60), ("since", 60)))
    assert await stand.keys() == ["since"]


@pytest.mark.parametrize("start", ["-1h", "2026-09-21T13:13:20Z"])
async def test_a_start_in_the_past(stands: Stands, start: str) -> None:
    """From there on all is news; what is older is not, then or later."""
    stand = stands(PLAIN.replace('"all"', f'"{start}"'))
    manner = things(("older", -3601), ("a", -3599), ("b", -1))
    await stand.run(manner)
    stand.later(60)
    await stand.run(manner)
    assert await stand.keys() == ["a", "b"]


CHANGE = """
path = "/status"
items = "[body]"
id = '"printer"'
type = '"printer." + item.state'
change = "item.state"
"""


def states(*names: str) -> Any:
    return scripted(*[Says({"state": name, "uptime": n}) for n, name in enumerate(names)])


async def test_every_change_is_an_event(stands: Stands) -> None:
    """There and back again are two changes; a value that stays is none, whatever else is another."""
    stand = stands(CHANGE + 'start = "all"')
    stand.provider.answer = states("ready", "ready", "jam", "ready")
    for _ in range(4):
        await stand.run()
    events = await stand.events()
    assert [(event.key, event.type) for event in events] == [
        ("printer#1", "printer.ready"),
        ("printer#2", "printer.jam"),
        ("printer#3", "printer.ready"),
    ]


async def test_the_first_value_is_no_change(stands: Stands) -> None:
    """`start = "now"`: what it is at first is marked, what it becomes is news."""
    stand = stands(CHANGE)
    stand.provider.answer = states("ready", "jam")
    for _ in range(2):
        await stand.run()
    assert [event.key for event in await stand.events()] == ["printer#1"]


async def test_a_change_of_an_old_item_is_news(stands: Stands) -> None:
    """Its time lies far before the range: it is compared, not dated."""
    stand = stands(NOW + 'change = "item.state"')
    await stand.run(things(("a", -9 * DAY), state="open"))
    await stand.run(things(("a", -9 * DAY), state="paid"))
    assert await stand.keys() == ["a#1"]


@pytest.mark.parametrize("alias", [False, True])
async def test_webhook_and_poll_are_one_event(stands: Stands, alias: bool) -> None:
    """By key and by `also`, whichever comes first."""
    stand = stands(PLAIN)
    key, also = ("w1", ["a"]) if alias else ("a", [])
    assert await stand.webhook(key, also=also)
    passed = await stand.run(things(("a", -2), ("b", -1)))
    assert (passed.new, passed.known) == (1, 1)
    assert not await stand.webhook("b")
    assert await stand.keys() == [key, "b"]


async def test_an_item_that_cannot_be_used_is_kept_once(stands: Stands) -> None:
    """Dead, with item, poll and error; the pass goes on, the cursor moves, and nothing is ever sent of it."""
    stand = stands(PLAIN)
    rows = [
        {"id": "a", "at": at(-3)},
        {"at": at(-2), "n": 7},
        {"id": "c", "at": "soon"},
        {"id": "d", "at": at(0)},
    ]
    for _ in range(2):
        passed = await stand.run(scripted(Says(rows)))
        assert passed.complete
    assert stand.state.cursor == START
    events = await stand.events()
    dead = [event for event in events if event.state == "dead"]
    assert [event.key for event in events if event.state == "pending"] == ["a", "d"]
    assert bodies(dead) == [
        {"poll": "list", "part": "", "error": "id: no such key: id", "item": rows[1]},
        {"poll": "list", "part": "", "error": "time: no RFC 3339 time", "item": rows[2]},
    ]
    assert [(d.route, d.target, d.state, d.last_error) for d in dead[0].deliveries] == [
        ("poll:list", "", "dead", "id: no such key: id")
    ]


async def test_an_item_that_recovers_is_news(stands: Stands) -> None:
    """It could not be used, was told, and can be used now: an event of its own name."""
    stand = stands(PLAIN + 'data = "item.order"')
    rows = [{"id": "a", "at": at(-3), "order": 1}, {"id": "b", "at": at(-2)}]
    assert (await stand.run(scripted(Says(rows)))).poisoned == 1
    rows[1]["order"] = 2
    assert (await stand.run(scripted(Says(rows)))).new == 1
    assert [event.key for event in await stand.events() if event.state == "pending"] == ["a", "b"]


async def test_keep_chooses(stands: Stands) -> None:
    """What it does not keep is no event, needs no id, and moves the cursor all the same."""
    stand = stands(PLAIN + "keep = 'has(item.id) && item.id != \"b\"'")
    rows = [{"id": "a", "at": at(-9)}, {"id": "b", "at": at(-8)}, {"at": at(-1)}]
    await stand.run(scripted(Says(rows)))
    assert await stand.keys() == ["a"]
    assert stand.state.cursor == START - SECOND


async def test_lag_leaves_young_items_for_later(stands: Stands) -> None:
    """So that the webhook may win; once they are old enough they are taken."""
    stand = stands(PLAIN + 'lag = "1m"')
    manner = things(("a", -61), ("b", -30))
    await stand.run(manner)
    assert await stand.keys() == ["a"]
    assert stand.state.cursor == START - 61 * SECOND
    stand.later(31)
    await stand.run()
    assert await stand.keys() == ["a", "b"]


async def test_windows_follow_each_other_at_once(stands: Stands, provider: Provider) -> None:
    """A long way is read span by span; one that holds nothing is passed, and only the last one waits."""
    stand = stands(
        'path = "/t"\nquery = { from = "${unix(since)}", to = "${unix(until)}" }\nitems = "body"\n'
        'id = "item.id"\ntime = "ts(item.at)"\nstart = "-10d"\nwindow = "3d"\noverlap = "1h"'
    )
    rows = [{"id": "a", "at": at(-9.9 * DAY)}, {"id": "b", "at": at(-0.5 * DAY)}]

    def answer(asked: Asked) -> Says:
        low, high = int(asked.query["from"]), int(asked.query["to"])
        assert high - low <= 3 * DAY
        return Says([row for row in rows if low <= int(str(row["at"])) < high])

    while (passed := await stand.run(answer)).due == stand.clock.now():
        assert passed.complete
    assert await stand.keys() == ["a", "b"]
    assert len(provider.asked) == 4


DETAIL = """
path = "/deliveries"
items = "body"
keep = 'item.event == "push"'
id = "item.guid"
time = "ts(item.at)"
detail = { path = "/deliveries/${item.id}", data = "body.request.payload" }
start = "all"
"""


def delivery(n: int, event: str = "push") -> dict[str, Any]:
    return {"id": 9007199254740993 + n, "guid": f"g{n}", "event": event, "at": at(n - 100)}


async def test_details_are_asked_for_what_is_new_and_kept(stands: Stands, provider: Provider) -> None:
    """Not for what a webhook brought, nor for what is known, nor for what is not kept."""
    stand = stands(DETAIL)
    assert await stand.webhook("g1")
    rows = [delivery(0), delivery(1), delivery(2, "star"), delivery(3)]

    def answer(asked: Asked) -> Says:
        if asked.path == "/deliveries":
            return Says(rows)
        return Says({"request": {"payload": {"number": int(asked.path.rpartition("/")[2])}}})

    for _ in range(2):
        await stand.run(answer)
    details = [asked.path for asked in provider.asked if asked.path != "/deliveries"]
    assert details == ["/deliveries/9007199254740993", "/deliveries/9007199254740996"]
    assert await stand.keys() == ["g1", "g0", "g3"]
    assert bodies(await stand.events())[1:] == [{"number": 9007199254740993}, {"number": 9007199254740996}]


@pytest.mark.parametrize(("status", "poisoned"), [(404, True), (500, False), (401, False)])
async def test_a_detail_that_cannot_be_had(stands: Stands, status: int, poisoned: bool) -> None:
    """Gone for good: the item is told. Else the pass is incomplete, and the next one asks for the rest."""
    stand = stands(DETAIL)
    broken = [True]

    def answer(asked: Asked) -> Says:
        if asked.path == "/deliveries":
            return Says([delivery(0), delivery(1)])
        wrong = broken[0] and asked.path.endswith("4")
        return Says(status=status) if wrong else Says({"request": {"payload": 1}})

    passed = await stand.run(answer)
    assert (passed.complete, passed.new, passed.poisoned) == (poisoned, 1, int(poisoned))
    broken[0] = False
    passed = await stand.run()
    assert (passed.complete, passed.new) == (True, 0 if poisoned else 1)


async def test_what_the_provider_kept_no_more_is_told(stands: Stands) -> None:
    """The last complete pass is longer ago than `retention`: one `relay.gap`, and on it goes."""
    stand = stands(NEWEST + 'retention = "7d"')
    shop = Shop(("a", -1))
    await stand.run(shop)
    stand.later(10 * DAY)
    shop.add("b", 10 * DAY - 60)
    assert len((await stand.run()).missed) == 1
    assert (await stand.run()).missed == ()
    events = await stand.events()
    assert [event.type for event in events] == ["paid", "relay.gap", "paid"]
    assert bodies(events)[1] == {
        "poll": "list",
        "from": "2026-09-21T14:13:20.000000Z",
        "to": "2026-09-24T14:13:20.000000Z",
    }


async def test_a_list_that_holds_only_so_many_is_told(stands: Stands) -> None:
    """GitHub lists 300: where the newest item of before is not among them, something fell off the end."""
    stand = stands(PLAIN + 'order = "newest"')
    await stand.run(things(("a", -5), ("b", -9)))
    stand.later(60)
    passed = await stand.run(things(("e", 50), ("d", 40)))
    assert [(missed.since, missed.until) for missed in passed.missed] == [
        (START - 5 * SECOND, START + 40 * SECOND)
    ]
    assert [event.type for event in await stand.events()] == ["list", "list", "relay.gap", "list", "list"]
    assert (await stand.run()).missed == ()


async def test_ten_thousand_items_in_one_pass(stands: Stands) -> None:
    """All of them, and none again."""
    stand = stands(PLAIN)
    manner = things(*[(n, -n / 100) for n in range(10_000)])
    assert (await stand.run(manner)).new == 10_000
    passed = await stand.run()
    assert (passed.new, passed.known) == (0, 10_000)
