"""The commands for polls, against a daemon that polls a provider on 127.0.0.1, and without either."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.cli import backfill, output
from relay.clock import SECOND, rfc3339
from relay.poll.backfill import Backfill
from tests.cli.conftest import Done, Relay
from tests.cli.polling import BAD, NEW, OLD, POLL, WATCH, api
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.journeys.whole import Relay as Whole
from tests.poll.provider import Provider, Says

Run = Callable[..., Awaitable[Done]]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """One that lists an order of an hour ago."""
    async with Provider(lambda _asked: Says([OLD])) as provider:
        yield provider


@pytest.fixture
async def whole(tmp_path: Path, clock: ManualClock, provider: Provider) -> AsyncIterator[Whole]:
    """A daemon whose first pass is over."""
    # it lives in this process, whose stdout is that of the commands
    with capture_logs():
        async with Whole(tmp_path, clock, api(provider.url), POLL, WATCH) as whole:
            await first_pass(whole)
            yield whole


async def first_pass(whole: Whole) -> None:
    """Return when it is on disk."""
    await eventually(lambda: whole.daemon.poller.keepers)
    (keeper,) = whole.daemon.poller.keepers["orders"]
    await eventually(lambda: keeper.state.passed)
    await whole.daemon.store.flush()


@pytest.fixture
def run(relay: Relay, whole: Whole) -> Run:
    """A command on that daemon's file, while the daemon turns."""
    return lambda *words: asyncio.to_thread(relay, *words, "-c", whole.file)


# with a daemon


async def test_polls_are_listed(run: Run) -> None:
    """Whose events, from where, how often; `--json` is what the API answers."""
    head, *rows = (await run("poll", "list")).out.splitlines()
    assert head.split() == ["NAME", "KIND", "SOURCE", "API", "ASKS", "PARTS"]
    assert [row.split() for row in rows] == [
        ["orders", "poll", "orders", "shop", "every", "1m", "to", "15m"],
        ["parcel", "watch", "parcel", "shop", "every", "1m", "to", "15m"],
    ]
    document = json.loads((await run("poll", "list", "--json")).out)
    assert [one["name"] for one in document["polls"]] == ["orders", "parcel"]


async def test_status_tells_how_far_each_is(run: Run, whole: Whole, provider: Provider) -> None:
    """And what is wrong, with what to do; so does the status of all."""
    provider.answer = lambda _asked: Says(None, 404)
    assert (await run("poll", "run", "orders")).code == 1
    done = await run("poll", "status", "orders")
    head, row = done.out.splitlines()
    assert head.split("  ")[0] == "NAME"
    assert row.split()[:3] == ["orders", "warn", "2026-09-21T14:13:20Z"]
    assert "page 1: answered 404" in row
    assert "now by relay poll run orders" in row
    every = await run("status")
    assert (every.code, "poll:orders" in every.out, "watch:parcel" in every.out) == (0, True, True)
    assert (await run("poll", "status", "order")).code == 2


async def test_c_may_stand_anywhere(relay: Relay, whole: Whole) -> None:
    """Before the group, in it, and behind its command."""
    for words in (("-c", whole.file, "poll", "list"), ("poll", "-c", whole.file, "list")):
        assert (await asyncio.to_thread(relay, *words)).out.count("shop") == 2


async def test_a_pass_by_hand_ends_when_it_is_over(run: Run, provider: Provider) -> None:
    """With what it found."""
    provider.answer = lambda _asked: Says([NEW, OLD, BAD])
    done = await run("poll", "run", "orders")
    assert (done.code, done.err) == (0, "")
    told = "orders: 3 items on 1 page: 1 new, 1 known, 1 that cannot be used, next pass at 20"
    assert done.out.startswith(told)
    assert json.loads((await run("poll", "run", "orders", "--json")).out)["passes"][0]["new"] == 0


async def test_a_dry_run_shows_what_would_be_emitted(run: Run, provider: Provider) -> None:
    """And leaves it for the next pass."""
    provider.answer = lambda _asked: Says([NEW | {"text": "long" * 99}, OLD, BAD])
    done = await run("poll", "run", "--dry-run", "orders")
    head, row, *rest = done.out.splitlines()
    assert head.split() == ["KEY", "TYPE", "TIME", "DATA"]
    assert row.split()[:3] == ["new", "orders", rfc3339(START + 10 * SECOND)]
    assert row.endswith("…")
    assert rest == [
        "cannot be used: bad: time: is no time since 1970",
        "orders: 3 items on 1 page: 1 new, 1 known, 1 that cannot be used",
    ]
    assert json.loads((await run("events", "--json")).out)["events"] == []


async def test_a_pass_that_fails_is_1(run: Run, provider: Provider) -> None:
    """With the reason."""
    provider.answer = lambda _asked: Says(b"no")
    done = await run("poll", "run", "orders")
    assert (done.code, done.err) == (1, "relay: orders: the pass failed: page 1: its body is no JSON\n")


async def test_a_poll_that_is_not_there_is_1(run: Run) -> None:
    """With the one that was meant."""
    for words in (
        ("poll", "run", "order"),
        ("poll", "reset", "order"),
        ("backfill", "order", "--from", "1h"),
    ):
        done = await run(*words)
        assert (done.code, 'did you mean "orders"?' in done.err) == (1, True)


async def test_a_reset_makes_it_begin_anew(run: Run, whole: Whole) -> None:
    """How far it came is forgotten."""
    (keeper,) = whole.daemon.poller.keepers["orders"]
    assert keeper.state.cursor is not None
    done = await run("poll", "reset", "orders")
    assert (done.code, done.out) == (0, "orders: begins anew\n")
    assert json.loads((await run("poll", "reset", "orders", "--json")).out)["name"] == "orders"


async def test_a_backfill_is_followed_to_its_end(
    run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it is goes to stderr; what it brought, to stdout."""
    monkeypatch.setattr(backfill, "LOOK_EVERY", 0.01)
    stretch = ("--from", rfc3339(START - 7200 * SECOND), "--to", rfc3339(START - 1800 * SECOND))
    done = await run("backfill", "orders", *stretch)
    assert (done.code, done.out[:26], "orders: 0%, " in done.err) == (0, "orders: 1 new, 0 known, 20", True)
    shown = (await run("poll", "status")).out
    assert "orders: backfill 2026-09-21T12:13:20Z to 2026-09-21T13:43:20Z: done, 1 new, 0 known" in shown
    again = json.loads((await run("backfill", "orders", *stretch, "--json")).out)
    assert (again["backfill"]["new"], again["backfill"]["known"]) == (0, 1)


async def test_a_backfill_that_fails_is_1(
    run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason; on a terminal there is a bar."""
    monkeypatch.setattr(backfill, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(output, "is_terminal", lambda _stream: True)
    provider.answer = lambda _asked: Says(None, 404)
    done = await run("backfill", "orders", "--from", "2h")
    assert (done.code, "relay: the backfill failed: page 1: answered 404" in done.err) == (1, True)
    assert "orders: 0 new, 0 known" in done.err


async def test_a_stretch_that_cannot_be_meant_is_2(run: Run) -> None:
    """As the API says it."""
    assert (await run("backfill", "orders", "--from", "soon")).code == 2
    assert (await run("backfill", "orders")).code == 2


async def test_one_backfill_at_a_time(run: Run, whole: Whole) -> None:
    """The other one is told where to look."""
    whole.daemon.poller.backfills["orders"] = Backfill(START - SECOND, START, share=0.5)
    done = await run("backfill", "orders", "--from", "2h")
    assert (done.code, "relay poll status shows how far it is" in done.err) == (1, True)
    assert "50%, 0 new" in (await run("poll", "status")).out


# without one


async def test_a_stopped_daemon_leaves_its_status(relay: Relay, whole: Whole) -> None:
    """Out of its store."""
    await whole.stop()
    done = await asyncio.to_thread(relay, "poll", "status", "--json", "-c", whole.file)
    orders = json.loads(done.out)["polls"][0]
    assert (orders["last_pass"], orders["cursor"]) == (rfc3339(START), rfc3339(START))
    every = await asyncio.to_thread(relay, "status", "--json", "-c", whole.file)
    assert json.loads(every.out)["checks"]["poll:orders"][0]["last_pass"] == rfc3339(START)
    done = await asyncio.to_thread(relay, "poll", "run", "orders", "-c", whole.file)
    assert (done.code, "relay is not running" in done.err) == (1, True)
