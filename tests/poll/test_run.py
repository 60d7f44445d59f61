"""A pass over a real store and a real server: every item once, oldest first, and a cursor that never lies."""

import pytest

from relay.clock import SECOND
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Asked, Provider, Says
from tests.poll.shop import NEWEST, PLAIN, Shop, scripted, things
from tests.poll.stand import at, bodies


async def test_all_pages_are_read_and_the_oldest_comes_first(stands: Stands) -> None:
    """Three pages, newest first: one event each, in the order of their time, whatever the list's."""
    stand = stands(NEWEST)
    passed = await stand.run(Shop(*[(f"evt_{n}", -n) for n in range(5)]))
    assert (passed.complete, passed.pages, passed.new, passed.found) == (True, 3, 5, 5)
    events = await stand.events()
    assert [event.key for event in events] == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]
    assert {(event.source, event.type, event.via, event.state) for event in events} == {
        ("list", "paid", "poll", "pending")
    }
    assert [event.occurred_at for event in events] == [START + n * SECOND for n in range(-4, 1)]
    assert bodies(events)[0] == {"id": "evt_4", "type": "paid", "created": at(-4)}
    assert events[0].headers == ((b"Content-Type", b"application/json"),)


async def test_the_next_pass_reads_the_overlap_and_brings_what_is_new(
    stands: Stands, provider: Provider
) -> None:
    """It asks from ten minutes before the newest item on; what it knows is no news."""
    stand, shop = stands(NEWEST), Shop(("a", -5), ("b", -1))
    await stand.run(shop)
    shop.add("c", 30)
    stand.later(60)
    passed = await stand.run()
    assert provider.asked[-1].query["created[gte]"] == str(at(-1 - 600))
    assert (passed.new, passed.known) == (1, 2)
    assert await stand.keys() == ["a", "b", "c"]


@pytest.mark.parametrize("late", [-1, -599], ids=["same second as the newest", "as late as overlap allows"])
async def test_an_item_that_appears_late_is_not_lost(stands: Stands, late: float) -> None:
    """Behind the cursor already, it is still within the overlap: news, once."""
    stand, shop = stands(NEWEST), Shop(("a", -700), ("b", -1))
    await stand.run(shop)
    shop.add("late", late)
    for _ in range(2):
        stand.later(60)
        await stand.run()
    assert await stand.keys() == ["a", "b", "late"]


async def test_a_list_that_shifts_under_the_reader(stands: Stands) -> None:
    """New items push known ones onto the next page: they come twice within a pass, and are one event each."""
    stand = stands(NEWEST)
    rows = {f"e{n}": {"id": f"e{n}", "type": "paid", "created": at(n - 10)} for n in range(6)}
    pages = [["e5", "e4"], ["e4", "e3"], ["e3", "e2"], ["e1", "e0"]]
    listed = [Says({"data": [rows[id] for id in page], "has_more": page != pages[-1]}) for page in pages]
    passed = await stand.run(scripted(*listed))
    assert (passed.pages, passed.found, passed.new) == (4, 8, 6)
    assert await stand.keys() == ["e0", "e1", "e2", "e3", "e4", "e5"]


async def test_a_short_page_and_an_empty_one_do_not_end_the_list(stands: Stands) -> None:
    """Only `next` does: a cursor behind an empty page is followed."""
    stand = stands(
        PLAIN.replace('items = "body"', 'items = "body.list"') + 'next = \'get(body, "more", "")\''
    )
    empty = Says({"list": [], "more": "/things?page=3"})
    passed = await stand.run(
        scripted(
            Says({"list": [{"id": "a", "at": at(0)}], "more": "/things?page=2"}),
            empty,
            Says({"list": None, "more": "/things?page=4"}),
            Says({"list": [{"id": "b", "at": at(1)}], "more": ""}),
        )
    )
    assert (passed.complete, passed.pages) == (True, 4)
    assert await stand.keys() == ["a", "b"]


async def test_a_list_without_times_ends_where_all_is_known(stands: Stands) -> None:
    """A whole page that is known: the pages behind it are not asked for."""
    stand = stands(
        'path = "/feed"\nitems = "body"\nid = "string(item)"\nstart = "all"\norder = "newest"\n'
        'next = \'page < 3 ? {"query": {"page": page + 1}} : null\''
    )
    list_ = list(range(100, 106))

    def answer(asked: Asked) -> Says:
        number = int(asked.query.get("page", 1))
        newest = sorted(list_, reverse=True)
        return Says(newest[2 * number - 2 : 2 * number])

    assert (await stand.run(answer)).pages == 3
    list_.append(106)
    assert (await stand.run()).pages == 2
    assert await stand.keys() == ["100", "101", "102", "103", "104", "105", "106"]


async def test_a_newest_first_list_is_read_down_to_since(stands: Stands) -> None:
    """Without a filter at the server: a page that lies wholly before the range is the last one."""
    stand = stands(NEWEST.replace(', "created[gte]" = "${unix(since)}"', ""))
    shop = Shop(*[(f"e{n:02}", -n * 300) for n in range(12)])
    assert (await stand.run(shop)).pages == 6
    stand.later(60)
    passed = await stand.run()
    # the cursor is at 0, the range goes back 600 s: e03 and e04 are the first page wholly before it
    assert (passed.pages, passed.complete, passed.new) == (3, True, 0)


async def test_numbers_are_as_they_were_written(stands: Stands) -> None:
    """Ids beyond 2^53 and 2^64, and fractions that a double would change, in key and in body."""
    stand = stands('path = "/n"\nitems = "body"\nid = "item.id"\nstart = "all"')
    listed = b'[{"id":9007199254740993,"amount":1.50},{"id":18446744073709551617,"amount":0.1},'
    listed += b'{"id":3.10,"amount":1e400,"deep":[123456789012345678901234567890,{"x":2E-7}]}]'
    await stand.run(scripted(Says(listed)))
    events = await stand.events()
    assert [event.key for event in events] == ["9007199254740993", "18446744073709551617", "3.1"]
    assert b"[" + b",".join(event.body or b"" for event in events) + b"]" == listed


async def test_the_future_cannot_poison_the_cursor(stands: Stands) -> None:
    """An item dated next year is an event, and the range of the next pass is as if it were not there."""
    stand = stands(PLAIN)
    await stand.run(things(("a", -30), ("future", 365 * 86400)))
    assert await stand.keys() == ["a", "future"]
    assert stand.state.cursor == START - 30 * SECOND


async def test_the_servers_clock_counts(stands: Stands) -> None:
    """Where its Date is an hour ahead of us, its now is `now`, and its newest item is not of the future."""
    stand = stands(PLAIN + 'query = { until = "${rfc3339(until)}" }')
    ahead = {"Date": "Mon, 21 Sep 2026 15:13:20 GMT"}
    rows = Says([{"id": "a", "at": at(3590)}], headers=ahead)
    await stand.run(scripted(rows))
    assert stand.state.skew == 3600 * SECOND
    await stand.run()
    assert stand.provider.asked[-1].query["until"].startswith("2026-09-21T15:13:20")
    assert stand.state.cursor == START + 3590 * SECOND


async def test_each_combination_is_a_list_of_its_own(stands: Stands) -> None:
    """Every part has its request, its cursor and its items; the events are of one source."""
    stand = stands(PLAIN + 'each = { room = ["a/b", "c"] }\n' + 'query = { room = "${each.room}" }\n')
    assert [part.name for part in stand.poll.parts] == ["room=a/b", "room=c"]

    def answer(asked: Asked) -> Says:
        return Says([{"id": f"{asked.query['room']}:{n}", "at": at(-n)} for n in range(2)])

    for part in range(2):
        assert (await stand.run(answer, part=part)).new == 2
    assert await stand.keys() == ["a/b:1", "a/b:0", "c:1", "c:0"]
    assert stand.store.poll_parts("list") == {"room=a/b", "room=c"}


async def test_a_rehearsal_moves_nothing(stands: Stands) -> None:
    """It tells what would be accepted, and the next pass accepts it."""
    stand = stands(PLAIN)
    told = await stand.run(things(("a", 0), ("b", 1)), rehearsal=True)
    assert [event.key for event in told.events] == ["a", "b"]
    assert (await stand.events(), stand.store.poll_names()) == ([], set())
    assert (await stand.run()).new == 2


async def test_feeds_and_texts(stands: Stands) -> None:
    """A feed's entries by their ids; a text whole, each time that it is another."""
    stand = stands(
        'path = "/feed.xml"\nformat = "feed"\nitems = "body.entries"\nid = "item.id"\nstart = "all"'
    )
    rss = b"<rss><channel><item><guid>g1</guid><title>One</title></item></channel></rss>"
    await stand.run(scripted(Says(rss)))
    assert [body["title"] for body in bodies(await stand.events())] == ["One"]
    stand.define(
        'path = "/motd"\nformat = "text"\nitems = "[body]"\nid = "\'motd\'"\nchange = "item"\nstart = "all"',
        name="motd",
    )
    for text in ("hello", "hello", "bye"):
        await stand.run(scripted(Says(text.encode())))
    assert [event.key for event in await stand.events()][1:] == ["motd#1", "motd#2"]
    assert bodies(await stand.events())[1:] == ["hello", "bye"]
