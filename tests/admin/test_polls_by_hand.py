"""Running, resetting and backfilling a poll by the API."""

from typing import Any

import pytest

from relay.clock import SECOND, micros, rfc3339
from relay.poll.backfill import Backfill
from relay.store.protocol import Query, Store
from tests.admin.conftest import Call
from tests.admin.polling import BAD, NEW, OLD, config, listed, opened
from tests.admin.running import Here
from tests.clock import START
from tests.eventually import eventually
from tests.poll.provider import Provider, Says


async def test_a_pass_by_hand_is_told_when_it_is_over(call: Call, here: Here, provider: Provider) -> None:
    """What it found, and how much of it was new."""
    await opened(here, provider)
    provider.answer = lambda _asked: Says([OLD, NEW, BAD])
    status, document = await call("POST polls/orders/run", {})
    assert (status, document["name"], document["dry_run"]) == (200, "orders", False)
    (told,) = document["passes"]
    due = told.pop("next_pass")
    assert due > rfc3339(START)
    assert told == {
        "part": "",
        "complete": True,
        "error": None,
        "pages": 1,
        "found": 3,
        "new": 1,
        "known": 1,
        "unusable": 1,
        "missed": [],
    }


async def test_a_rehearsal_keeps_nothing(call: Call, here: Here, store: Store, provider: Provider) -> None:
    """It shows what would be emitted, and what a webhook brought already is none of that."""
    await opened(here, provider)
    provider.answer = lambda _asked: Says([NEW, NEW | {"id": "told", "p": 1.5}, BAD])
    before = here.poller.keepers["orders"][0].state
    _, document = await call("POST polls/orders/run", {"dry_run": True})
    (told,) = document["passes"]
    assert (told["new"], told["known"], told["unusable"], "next_pass" in told) == (2, 0, 1, False)
    assert told["events"][0] == {
        "key": "new",
        "type": "orders",
        "time": rfc3339(START + micros(10)),
        "data": NEW,
    }
    assert told["poisons"] == [{"id": "bad", "error": "time: is no time since 1970"}]
    assert here.poller.keepers["orders"][0].state == before
    assert (await store.find(Query())).events == ()
    await call("POST polls/orders/run")
    await call("POST polls/orders/reset")
    _, document = await call("POST polls/orders/run", {"dry_run": True})
    assert (document["passes"][0]["new"], document["passes"][0]["events"]) == (0, [])


async def test_a_pass_that_fails_is_told(call: Call, here: Here, provider: Provider) -> None:
    """200, for the call did what it was to do; the pass is not complete."""
    await opened(here, provider)
    provider.answer = lambda _asked: Says(b"<html>")
    status, document = await call("POST polls/orders/run")
    told = document["passes"][0]
    assert (status, told["complete"], told["error"]) == (200, False, "page 1: its body is no JSON")


@pytest.mark.parametrize("act", ["run", "reset", "backfill"])
async def test_an_unknown_poll_is_404(call: Call, here: Here, provider: Provider, act: str) -> None:
    """With the one that was meant; before the polls have begun it is 503."""
    here.config = config(provider)
    assert (await call(f"POST polls/orders/{act}", {"from": "1h"} if act == "backfill" else {}))[0] == 503
    await opened(here, provider)
    status, document = await call(f"POST polls/order/{act}", {"from": "1h"} if act == "backfill" else {})
    assert (status, document["hint"]) == (404, 'did you mean "orders"?')


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("run", {"dry_run": 1}),
        ("run", {"dryrun": True}),
        ("reset", {"x": 1}),
        ("backfill", {}),
        ("backfill", {"from": 5}),
        ("backfill", {"from": "yesterday"}),
        ("backfill", {"from": "1h", "to": "2h"}),
    ],
)
async def test_what_cannot_be_meant_is_400(
    call: Call, here: Here, provider: Provider, line: str, fields: dict[str, Any]
) -> None:
    """A field that is unknown, of another type, or a stretch of no length."""
    await opened(here, provider)
    status, document = await call(f"POST polls/orders/{line}", fields)
    assert (status, bool(document["error"])) == (400, True)


# reset, backfill


async def test_a_reset_forgets_how_far_it_came(call: Call, here: Here, provider: Provider) -> None:
    """The answer is the poll as it is then; its next pass is a first one, and comes at once."""
    await opened(here, provider)
    asked = len(provider.asked)
    status, document = await call("POST polls/orders/reset")
    assert (status, document["name"]) == (200, "orders")
    await eventually(lambda: len(provider.asked) > asked)


async def test_a_backfill_brings_what_is_unknown(
    call: Call, here: Here, store: Store, provider: Provider
) -> None:
    """202 at once; how far it is, and how it ended, stands in `GET polls`."""
    await opened(here, provider)
    stretch = {"from": rfc3339(START - 7200 * SECOND), "to": "30m"}
    status, document = await call("POST polls/orders/backfill", stretch)
    assert (status, document["name"], document["backfill"]["done"]) == (202, "orders", False)
    await eventually(lambda: here.poller.backfills["orders"].done)
    assert (await listed(call))["backfill"] == {
        "from": rfc3339(START - 7200 * SECOND),
        "to": rfc3339(START - 1800 * SECOND),
        "share": 1.0,
        "new": 1,
        "known": 0,
        "error": None,
        "done": True,
    }
    assert [event.key for event in (await store.find(Query())).events] == ["old"]


async def test_while_a_backfill_runs_there_is_no_other(call: Call, here: Here, provider: Provider) -> None:
    """409, and nothing of it may be forgotten either."""
    await opened(here, provider)
    here.poller.backfills["orders"] = Backfill(START - SECOND, START)
    for line, fields in (("backfill", {"from": "1h"}), ("reset", {})):
        status, document = await call(f"POST polls/orders/{line}", fields)
        assert (status, document["hint"]) == (409, "relay poll status shows how far it is")


async def test_a_backfill_that_was_cut_off_is_no_success(call: Call, here: Here, provider: Provider) -> None:
    """By a reload, in the middle."""
    await opened(here, provider)
    here.poller.backfills["orders"] = Backfill(START - SECOND, START, share=0.5, done=True)
    assert (await listed(call))["backfill"]["error"].startswith("cut off by a")
