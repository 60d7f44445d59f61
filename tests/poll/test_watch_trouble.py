"""What goes wrong while a thing is watched: nothing of it is lost, nothing ends before its time."""

import json
from collections.abc import Callable

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from relay.clock import SECOND
from relay.poll.watch_answer import MOST_VALUES
from relay.poll.watch_state import Pace, load_pace
from relay.store.protocol import Keep, Store
from relay.store.sqlite.prune import SEEN_SLICES
from tests.poll.provider import Asked, Provider, Says
from tests.poll.shop import scripted
from tests.poll.watching import LIST, PACKAGE, Watching, lines, listed, status

Watchings = Callable[..., Watching]


@pytest.fixture
def watchings(store: Store, session: ClientSession, provider: Provider) -> Watchings:
    """A watch of a table."""
    return lambda toml, name="parcel": Watching(store, session, provider, toml, name)


async def test_it_is_given_up_in_time(watchings: Watchings) -> None:
    """It is asked a last time when its time is over, and what is new then is an event still."""
    stand = watchings(PACKAGE.replace("30d", "3m"))
    await stand.begin("package.created", {"id": 42})
    await stand.next(scripted(status("Created")))
    await stand.next()
    assert stand.wait() == 60
    with capture_logs() as logs:
        turned = await stand.next(scripted(status("On its way")))
    assert (turned.new, turned.ended, stand.wait()) == (1, 1, None)
    assert lines(logs) == [("watch.given-up", "42")]


async def test_a_failed_pass_ends_nothing_but_its_time_does(watchings: Watchings) -> None:
    """The api is down until the watch's time is over: it is asked more and more seldom, and told once."""
    stand = watchings(PACKAGE.replace("30d", "1h"))
    await stand.begin("package.created", {"id": 42})
    waits, errors = [], set()
    with capture_logs() as logs:
        while stand.wait() is not None:
            errors.add((await stand.next(scripted(Says(status=503)))).error)
            waits.append(stand.wait())
    assert errors == {"page 1: answered 503, 5 times"}
    assert waits[:4] == [180, 270, 405, 607.5]
    assert lines(logs) == [("watch.not-told", None), ("watch.given-up", "42")]
    assert await stand.told() == []


async def test_what_ends_badly_ends_with_its_event(watchings: Watchings) -> None:
    """The change that says so is told to the targets; the log says that it was no good end."""
    stand = watchings(LIST + "fail = 'item.state == \"lost\"'\n")
    await stand.begin(data={"keys": ["a", "b"]})
    with capture_logs() as logs:
        turned = await stand.next(listed(("a", "lost"), ("b", "done")))
    assert (turned.new, turned.ended, stand.wait()) == (2, 2, None)
    assert lines(logs) == [
        ("watch.ended-badly", "a"),
        ("watch.ended", "b"),
    ]


async def test_pages_are_read_to_the_last(watchings: Watchings) -> None:
    """A thing may stand on any of them; where one is missing, what was read is news once."""
    stand = watchings(LIST.replace('items = "body"', 'items = "body.list"') + 'next = "body.more"\n')
    await stand.begin(data={"keys": ["a", "b"]})
    one = Says({"list": [{"id": "a", "state": "new"}], "more": "/things?page=2"})
    two = Says({"list": [{"id": "b", "state": "new"}, {"id": "a", "state": "old"}], "more": None})
    turned = await stand.next(scripted(one, Says(status=500)))
    assert (turned.new, "answered 500" in turned.error) == (1, True)
    assert (await stand.next(scripted(one, two))).new == 2
    # page 2 fails again: what it held last is not forgotten
    assert (await stand.next(scripted(one, Says(status=500)))).new == 0
    assert (await stand.next(scripted(one, two))).new == 0
    assert [key for key, _ in await stand.told()] == ["a#1", "b#1", "a#2"]


async def test_an_item_that_cannot_be_used_is_kept_once(watchings: Watchings) -> None:
    """As a dead event, owed to nobody, while the others go on; when it is well again it is news."""
    stand = watchings(LIST)
    await stand.begin(data={"keys": ["a", "b"]})
    broken = scripted(Says([{"id": "a"}, {"id": "b", "state": "new"}, {"name": "nobody's"}, {"id": "x"}]))
    turned = await stand.next(broken)
    assert (turned.new, turned.poisoned, turned.error) == (1, 2, "")
    dead = [event for event in await stand.events() if event.state == "dead"]
    assert [event.type for event in dead] == ["relay.poison"] * 2
    assert json.loads(dead[0].body or b"")["watch"] == "parcel"
    assert [delivery.route for delivery in dead[0].deliveries] == ["watch:parcel"]
    # told once, also when its name has long been forgotten among those of events
    stand.later(86_400 * 9)
    for _ in range(SEEN_SLICES):
        await stand.store.prune(Keep(done=0, dead=0, names=0), stand.clock.now())
    assert (await stand.next()).poisoned == 0
    stand.later(86_400)
    assert (await stand.turn(listed(("a", "new"), ("b", "new")))).new == 1


async def test_an_answer_of_another_shape_is_a_failed_pass(watchings: Watchings) -> None:
    """Where no item of it can be used, or there is none at all: nothing is dead, and it is asked again."""
    stand = watchings(PACKAGE)
    await stand.begin("package.created", {"id": 41})
    await stand.begin("package.created", {"id": 42})
    assert (await stand.next(scripted(Says({"error": "?"})))).error
    # that of one thing is no reason not to ask for another
    assert stand.wait() == 0
    assert (await stand.next(scripted(status("Delivered")))).ended == 1
    for said in (Says({"error": "?"}), Says(b"<html>"), Says({"status": 7})):
        turned = await stand.next(scripted(said))
        assert (turned.poisoned, turned.new, turned.error[:6]) == (0, 0, "page 1")
    assert (await stand.next(scripted(status("Created")))).new == 1


async def test_an_end_that_cannot_be_told_is_none(watchings: Watchings) -> None:
    """The event goes out, the watch goes on, and the log says why it does not end."""
    stand = watchings(PACKAGE.replace("item.status ==", "item.state =="))
    await stand.begin("package.created", {"id": 42})
    with capture_logs() as logs:
        turned = await stand.next(scripted(status("Delivered")))
    assert (turned.new, turned.ended) == (1, 0)
    assert lines(logs) == [("watch.never-over", None)]


async def test_a_key_that_is_refused_holds_nobody_up(watchings: Watchings) -> None:
    """What refuses a request with others in it refuses it alone at last, and waits for itself alone."""
    stand = watchings(LIST.replace("${keys}", "${keys.join(',')}"))
    await stand.begin(data={"keys": ["a", "bad", "c"]})

    def answer(asked: Asked) -> Says:
        keys = asked.query["key"].split(",")
        return Says(status=400) if "bad" in keys else Says([{"id": key, "state": "new"} for key in keys])

    with capture_logs() as logs:
        assert (await stand.next(answer)).error
        turned = await stand.next()
    assert lines(logs) == [("watch.not-told", None)]
    assert (turned.asked, turned.new, turned.error) == (3, 2, "page 1: answered 400")
    assert [asked.query["key"] for asked in stand.provider.asked] == ["a,bad,c", "a", "bad", "c"]
    due = await stand.store.due_watches("parcel", stand.clock.now() + 3600 * SECOND, 10)
    waits = {one.key: (one.due - stand.clock.now()) / SECOND for one in due}
    assert waits == {"a": 60, "c": 60, "bad": 135}
    stand.provider.asked.clear()
    await stand.next()
    assert [asked.query["key"] for asked in stand.provider.asked] in (["a,c"], ["c,a"])


async def test_an_api_that_is_down_is_not_asked_for_thing_after_thing(watchings: Watchings) -> None:
    """One of them finds it out; the others are due when it may be asked again, by a restart not before."""
    stand = watchings(PACKAGE)
    for id in (1, 2, 3):
        await stand.begin("package.created", {"id": id})
    with capture_logs() as logs:
        turned = await stand.turn(scripted(Says(status=429, headers={"Retry-After": "7200"})))
        assert (turned.asked, stand.wait()) == (1, 7200)
        assert len(stand.provider.asked) == 1
        due = await stand.store.due_watches("parcel", stand.clock.now() + 7200 * SECOND, 10)
        assert [load_pace(each.state) for each in due] == [Pace()] * 3
        stand.later(60)
        again = watchings(PACKAGE)
        again.clock.set(stand.clock.now())
        assert ((await again.turn()).asked, again.wait()) == (0, 7140)
    assert lines(logs) == [("watch.not-told", None)]
    again.provider.answer = scripted(status("Created"))
    while (again.wait() or 0) <= 7140 and len(await again.told()) < 3:
        await again.next()
    assert len(await again.told()) == 3
    assert again.runner.state.error == ""


async def test_a_turn_ends_where_the_api_is_down(watchings: Watchings) -> None:
    """Of several requests of one turn those behind the one that failed are not even tried."""
    stand = watchings(LIST.replace("${keys}", "${event.data.shop}"))
    for shop in ("one", "two"):
        await stand.begin(data={"keys": [shop], "shop": shop})
    assert (await stand.next(scripted(Says(status=403)))).asked == 1
    assert len(stand.provider.asked) == 1
    assert (await stand.next(listed(("one", "new"), ("two", "new")))).new == 2


async def test_a_thing_with_too_many_values_is_a_failed_pass(watchings: Watchings) -> None:
    """What is remembered of a thing has a limit: more than that is told, not cut off."""
    stand = watchings(LIST)
    await stand.begin(data={"keys": ["a"]})
    assert (await stand.next(listed(*[("a", n) for n in range(MOST_VALUES)]))).new == MOST_VALUES
    turned = await stand.next(listed(*[("a", n) for n in range(MOST_VALUES + 1)]))
    assert turned.error == f"page 1: more than {MOST_VALUES} values of change for one key"


async def test_more_news_than_is_held_in_memory(
    watchings: Watchings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read is committed, and the rest is asked for later."""
    monkeypatch.setattr("relay.poll.watch_run.MAX_BYTES", 100)
    stand = watchings(LIST.replace('items = "body"', 'items = "body.list"') + 'next = "body.more"\n')
    await stand.begin(data={"keys": ["a", "b"]})
    one = Says({"list": [{"id": "a", "state": "new", "note": "x" * 100}], "more": "/things?page=2"})
    two = Says({"list": [{"id": "b", "state": "new"}], "more": None})
    assert "of news in one answer" in (await stand.next(scripted(one))).error
    turned = await stand.next(scripted(one, two))
    assert (turned.new, turned.error) == (1, "")
    assert [key for key, _ in await stand.told()] == ["a#1", "b#1"]
