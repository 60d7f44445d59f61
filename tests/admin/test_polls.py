"""Polls and watches in `GET polls`, in health and in the metrics: real ones, of a provider on 127.0.0.1."""

from typing import Any

from relay.admin.health import health
from relay.clock import SECOND, rfc3339
from relay.config.schema import Config
from relay.store.protocol import Store
from tests.admin.conftest import Call
from tests.admin.polling import BAD, OLD, config, listed, opened
from tests.admin.running import Here
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.poll.provider import Asked, Provider, Says


async def test_polls_are_listed_as_health_has_them(call: Call, here: Here, provider: Provider) -> None:
    """Whose events, of which api, how often, and how far it is; nothing of the api's address."""
    await opened(here, provider)
    one = await listed(call)
    due = one.pop("next_pass")
    assert here.poller.keepers["orders"][0].state.due > START
    assert due == rfc3339(here.poller.keepers["orders"][0].state.due)
    assert one == {
        "name": "orders",
        "kind": "poll",
        "source": "orders",
        "api": "shop",
        "every_seconds": 60.0,
        "idle_seconds": 900.0,
        "sleeps": False,
        "status": "pass",
        "last_pass": rfc3339(START),
        "cursor": rfc3339(START),
        "last_error": None,
        "dead": 0,
    }


async def test_parts_are_told_one_by_one(call: Call, here: Here, provider: Provider) -> None:
    """The poll is as far as the part farthest behind, and fails where one of them does."""
    provider.answer = lambda asked: Says([OLD], 500 if asked.path.endswith("/b") else 200)
    keyed = {"each": {"shop": ["a", "b"]}, "path": "/${each.shop}"}
    here.poll(config(provider, keyed))
    first, second = here.poller.keepers["orders"]

    def over() -> bool:
        assert isinstance(here.clock, ManualClock)
        here.clock.advance(1)
        return bool(first.state.passed and second.state.error)

    await eventually(over)
    one = await listed(call)
    assert [part["part"] for part in one["parts"]] == ["shop=a", "shop=b"]
    assert (one["parts"][0]["last_error"], one["parts"][1]["failures"]) == (None, 1)
    assert (one["status"], one["last_error"][:7]) == ("warn", "shop=b:")
    assert one["cursor"] == one["parts"][0]["cursor"] != one["parts"][1]["cursor"]


async def test_a_poll_that_fails_warns(call: Call, here: Here, provider: Provider) -> None:
    """With the reason, and with what to do."""
    provider.answer = lambda _asked: Says({"error": "no"}, 400)
    await opened(here, provider)
    check = health(here, None, START, 1.0)["checks"]["poll:orders"][0]
    assert (check["status"], check["last_error"]) == ("warn", "page 1: answered 400")
    assert check["output"].startswith("failed once: page 1: answered 400; tried again at 2026-")
    assert check["output"].endswith(", now by relay poll run orders")
    provider.answer = lambda _asked: Says([])
    assert (await call("POST polls/orders/run"))[0] == 200
    assert health(here, None, START, 1.0)["checks"]["poll:orders"][0]["status"] == "pass"


async def test_a_gap_that_sleeps_is_well(call: Call, here: Here, provider: Provider) -> None:
    """It asks nobody while webhooks come: its next look is when the source would be silent."""
    here.door.note("shop", START)
    here.poll(config(provider, {"source": "shop", "gap": {}}))
    one = await listed(call)
    assert (one["sleeps"], one["status"], one["last_pass"]) == (True, "pass", None)
    assert one["next_pass"] == rfc3339(START + 60 * SECOND)
    here.poll(
        config(provider, {"source": "shop", "gap": {"on_start": False}}, source={"shop": {"verify": "none"}})
    )
    assert (await listed(call))["next_pass"] is None
    assert provider.asked == []


async def test_a_watch_is_told_beside_the_polls(call: Call, here: Here, provider: Provider) -> None:
    """With how many things it watches; it is run by nobody."""
    watch = {"on": "true", "keys": '["a"]', "api": "shop", "path": "/x", "items": "[body]", "id": "keys[0]"}
    await opened(here, provider, watch={"package": watch})
    _, document = await call("GET polls")
    told = document["polls"][1]
    assert (told["name"], told["kind"], told["watching"], "cursor" in told) == ("package", "watch", 0, False)
    assert "watch:package" in health(here, None, START, 1.0)["checks"]
    assert (await call("POST polls/package/run"))[0] == 409


async def test_a_watch_that_fails_warns(here: Here, provider: Provider) -> None:
    """Under the name by which the store remembers it."""
    watch = {"on": "true", "keys": '["a"]', "api": "shop", "path": "/x", "items": "[body]", "id": "keys[0]"}
    given = {"api": {"shop": {"url": provider.url}}, "watch": {"package": watch}}
    here.config = Config.model_validate(given)
    here.store.remember_poll("watch:package", "", '{"error":"answered 500","failures":2}')
    check = health(here, None, START, 1.0)["checks"]["watch:package"][0]
    assert check["output"] == "failed 2 times in a row: answered 500"


async def test_items_that_cannot_be_used_are_counted_as_dead(
    call: Call, here: Here, store: Store, provider: Provider
) -> None:
    """They warn, are listed by the route that the hint names, and the sums hold."""
    provider.answer = lambda _asked: Says([OLD, BAD])
    await opened(here, provider)
    one = await listed(call)
    assert (one["status"], one["dead"]) == ("warn", 1)
    assert one["output"].endswith("relay events --route poll:orders --state dead")
    _, page = await call("GET events?route=poll:orders&state=dead")
    assert page["events"][0]["deliveries"][0]["last_error"] == "time: is no time since 1970"
    assert (await call("GET audit"))[1]["ok"] is True


async def test_metrics_tell_how_far_behind_a_poll_is(here: Here, provider: Provider, client: Any) -> None:
    """Of polls that have a cursor; what cannot be used is a dead letter of `poll:NAME`."""
    provider.answer = lambda _asked: Says([OLD, BAD])
    await opened(here, provider)
    assert isinstance(here.clock, ManualClock)
    here.clock.set(START + 30 * SECOND)
    text = await (await client.get("/metrics")).text()
    assert 'relay_poll_cursor_age_seconds{poll="orders"} 30.0' in text
    assert 'relay_dead_letters{target="poll:orders"} 1.0' in text
    here.config = Config()
    assert 'poll="orders"' not in await (await client.get("/metrics")).text()


async def test_what_was_asked_carries_no_surprise(call: Call, here: Here, provider: Provider) -> None:
    """Looking asks nobody."""
    await opened(here, provider)
    asked: list[Asked] = list(provider.asked)
    await listed(call)
    health(here, None, START, 1.0)
    assert provider.asked == asked
