"""A thing is asked for until it comes to its end: each change is an event, and nothing is forgotten."""

import json
from collections.abc import Callable
from email.utils import formatdate

import pytest
from aiohttp import ClientSession

from relay.clock import SECOND
from relay.poll.watch_run import MOST_EVENTS
from relay.store.protocol import Store
from tests.clock import START
from tests.poll.provider import Manner, Provider, Says
from tests.poll.shop import scripted
from tests.poll.watching import LIST, PACKAGE, Watching, listed, status
from tests.store.words import sound

Watchings = Callable[..., Watching]


@pytest.fixture
def watchings(store: Store, session: ClientSession, provider: Provider) -> Watchings:
    """A watch of a table."""
    return lambda toml, name="parcel": Watching(store, session, provider, toml, name)


async def test_a_package_is_watched_until_it_is_delivered(watchings: Watchings) -> None:
    """The sheet's table as it is written: each change of status is an event, then nobody asks."""
    stand = watchings(PACKAGE)
    await stand.begin("package.created", {"id": 42})
    assert stand.wait() == 0
    said = ["Created", "Created", "On its way", "Created", "Delivered"]
    new = [(await stand.next(scripted(status(word)))).new for word in said]
    assert new == [1, 0, 1, 1, 1]
    assert await stand.told() == [
        ("42#1", "package.Created"),
        ("42#2", "package.On its way"),
        ("42#3", "package.Created"),
        ("42#4", "package.Delivered"),
    ]
    (event, *_) = await stand.events()
    assert (event.via, event.source) == ("poll", "parcel")
    assert json.loads(event.body or b"") == {"status": "Created"}
    assert [asked.path for asked in stand.provider.asked] == ["/package/42/status"] * 5
    assert (stand.wait(), (await stand.turn()).asked) == (None, 0)
    await sound(stand.store)


async def test_how_often_it_is_asked(watchings: Watchings) -> None:
    """`every` after news, then half as much more each time, up to `idle`; never before the api wants it."""
    stand = watchings(PACKAGE)
    await stand.begin("package.created", {"id": 42})
    waits = []
    for _ in range(10):
        await stand.next(scripted(status("On its way")))
        waits.append(stand.wait())
    assert waits == [120, 180, 270, 405, 607.5, 911.25, 1366.875, 2050.3125, 3075.46875, 3600]
    stand.spread = lambda: 1.0
    await stand.next(scripted(status("Lost")))
    assert stand.wait() == 132
    await stand.next(scripted(Says({"status": "Found"}, headers={"X-Poll-Interval": "7200"})))
    assert stand.wait() == 7200


async def test_a_batch_is_one_request(watchings: Watchings) -> None:
    """As many as the table says, the oldest due first; what the answer does not say is asked for again."""
    stand = watchings(LIST.replace("batch = 10", "batch = 2"))
    for key in "abc":
        await stand.begin(data={"keys": [key]})
        stand.later(1)
    assert (await stand.turn(listed(("b", "new"), ("x", "new")))).new == 1
    assert (await stand.turn(listed(("c", "new")))).new == 1
    queries = [stand.provider.asked[0].path, stand.provider.asked[0].query]
    assert (len(stand.provider.asked), queries) == (2, ["/things", {"key": "b"}])
    # b and c had news, a had none
    due = await stand.store.due_watches("parcel", stand.clock.now() + 3600 * SECOND, 10)
    waits = {one.key: (one.due - stand.clock.now()) / SECOND for one in due}
    assert waits == {"a": 90, "b": 60, "c": 60}


async def test_many_items_of_one_thing(watchings: Watchings) -> None:
    """Each value is news once while it is listed; gone and back again, it is news; oldest first."""
    stand = watchings(LIST + 'time = "item.?at.orValue(null)"\n')
    await stand.begin(data={"keys": ["a"]})

    def rows(*states: str) -> Manner:
        return lambda _: Says([{"id": "a", "state": s, "at": START // SECOND + ord(s[0])} for s in states])

    for states, new in (
        (("b", "a", "b"), 2),
        (("b", "a", "a"), 0),
        (("a",), 0),
        (("b", "a"), 1),
        (("c", "b"), 1),
    ):
        assert (await stand.next(rows(*states))).new == new, states
    bodies = [json.loads(event.body or b"")["state"] for event in await stand.events()]
    assert bodies == ["a", "b", "b", "c"]
    assert [key for key, _ in await stand.told()] == [f"a#{n}" for n in range(1, 5)]


async def test_without_change_the_end_is_the_event(watchings: Watchings) -> None:
    """A thing makes one event in its life, under its own name: the item that ends it."""
    stand = watchings(LIST.replace('change = "item.state"\n', ""))
    await stand.begin(data={"keys": ["a"]})
    for state in ("new", "old", "done"):
        await stand.next(listed(("a", state)))
    assert await stand.told() == [("a", "parcel")]
    assert stand.wait() is None
    once = LIST.replace('change = "item.state"\n', "").replace("until = 'item.state == \"done\"'\n", "")
    stand = watchings(once, "other")
    await stand.begin(data={"keys": ["a"]})
    assert (await stand.next(listed(("a", "new")))).ended == 1
    assert await stand.told() == [("a", "other")]


async def test_a_restart_forgets_nothing(watchings: Watchings) -> None:
    """When it is due, how long it waits, when it is given up, what was said: all as if nothing had been."""
    stand = watchings(PACKAGE)
    await stand.begin("package.created", {"id": 42})
    await stand.next(scripted(status("Created")))
    await stand.next()
    again = watchings(PACKAGE)
    again.clock.set(stand.clock.now())
    assert again.wait() == 180
    assert (await again.turn()).asked == 0
    assert (await again.next()).new == 0
    assert again.wait() == 270
    again.clock.set(START + 30 * 86_400 * SECOND)
    assert (await again.turn(scripted(status("Created")))).ended == 1


async def test_what_is_begun_again_counts_on(watchings: Watchings) -> None:
    """After its end, by a newer event: what was told is not told again, what changed since is the next."""
    stand = watchings(LIST)
    await stand.begin(data={"keys": ["a"]})
    assert (await stand.next(listed(("a", "done")))).ended == 1
    await stand.begin(data={"keys": ["a"]})
    turned = await stand.next(listed(("a", "done")))
    assert (turned.new, turned.duplicates, turned.ended) == (0, 0, 1)
    stand.later(60)
    await stand.begin(data={"keys": ["a"]})
    await stand.next(listed(("a", "open")))
    await stand.next(listed(("a", "done")))
    assert [key for key, _ in await stand.told()] == ["a#1", "a#2", "a#3"]


async def test_an_event_of_a_watch_begins_watches(watchings: Watchings) -> None:
    """Even its own, where `on` says so: it is asked once more for each of its events, and that is all."""
    toml = LIST.replace("'event.source == \"shop\"'", '"true"').replace("event.data.keys", "['a']")
    stand = watchings(toml)
    await stand.begin()
    stand.later(1)
    assert (await stand.turn(listed(("a", "new")))).new == 1
    assert stand.wait() == 0
    stand.later(1)
    assert (await stand.turn(listed(("a", "done")))).new == 1
    stand.later(1)
    turned = await stand.turn()
    assert (turned.asked, turned.new, turned.ended, stand.wait()) == (1, 0, 1, None)
    assert await stand.told() == [("a#1", "parcel"), ("a#2", "parcel")]


async def test_requests_that_name_the_event_are_shared_by_those_of_one_event(watchings: Watchings) -> None:
    """And each thing's items are read with its own event, however many share a request."""
    stand = watchings(LIST + 'type = "event.data.shop + item.id"\n')
    await stand.begin(data={"keys": ["a", "b"], "shop": "one "})
    await stand.begin(data={"keys": ["c"], "shop": "two "})
    await stand.turn(listed(("a", "new"), ("b", "new"), ("c", "new")))
    assert len(stand.provider.asked) == 1
    assert {type_ for _, type_ in await stand.told()} == {"one a", "one b", "two c"}
    stand = watchings(LIST.replace("${keys}", "${event.data.shop}"), "other")
    stand.clock.set(START + SECOND)
    await stand.begin(data={"keys": ["a", "b"], "shop": "one"})
    await stand.begin(data={"keys": ["c"], "shop": "two"})
    await stand.turn()
    assert sorted(asked.query["key"] for asked in stand.provider.asked[1:]) == ["one", "two"]


async def test_now_is_the_servers(watchings: Watchings) -> None:
    """By the Date of its last answer, over a restart, too."""
    toml = LIST.replace("key =", 'at = "${unix(now)}", key =')
    stand = watchings(toml)
    await stand.begin(data={"keys": ["a"]})
    date = formatdate(START / SECOND + 3600, usegmt=True)
    await stand.next(scripted(Says([{"id": "a", "state": "new"}], headers={"Date": date})))
    again = watchings(toml)
    again.clock.set(stand.clock.now())
    await again.next()
    asked = [int(asked.query["at"]) - START // SECOND for asked in stand.provider.asked]
    assert asked == [0, 3660]


async def test_a_turn_takes_few_things_that_need_their_events(watchings: Watchings) -> None:
    """However large a batch may be: what each keeps of its event, and reads with it, is bounded."""
    for toml, most in ((LIST, 100), (LIST + 'type = "event.type"\n', MOST_EVENTS)):
        stand = watchings(toml.replace("batch = 10", "batch = 1000"), f"most{most}")
        await stand.begin(data={"keys": [str(n) for n in range(100)]})
        assert (await stand.turn()).asked == most
