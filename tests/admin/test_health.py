"""The document of `/health`, without a server: a pure function of what is looked at, and of now."""

from dataclasses import replace
from typing import Any

import pytest

from relay import __version__
from relay.admin.health import health
from relay.clock import SECOND, rfc3339
from relay.store.protocol import Pulse, Stats, Store, TargetStats
from relay.target import TargetState
from tests.admin.running import Here
from tests.clock import START, ManualClock

GIB = 1 << 30


def stats(**targets: TargetStats) -> Stats:
    return Stats(targets, size_bytes=4096, free_bytes=2 * GIB)


def look(
    here: Here, seen: Stats | None = None, *, uptime: float = 10.0, counted: bool = True
) -> dict[str, Any]:
    """The document at START."""
    return health(here, (seen or stats()) if counted else None, START, uptime)


def check(document: dict[str, Any], name: str) -> dict[str, Any]:
    (only,) = document["checks"][name]
    found: dict[str, Any] = only
    return found


def test_what_is_well_passes(here: Here) -> None:
    """Version, uptime, and one check a store, source and target, each a list of one; no `output`."""
    here.heard["shop"] = START - 3 * SECOND
    document = look(here)
    assert (document["status"], document["version"], document["uptime_seconds"]) == ("pass", __version__, 10)
    assert list(document["checks"]) == [
        "store",
        "source:shop",
        "source:erp",
        "target:billing",
        "target:ledger",
    ]
    assert check(document, "store") == {
        "status": "pass",
        "commit_seconds": pytest.approx(here.store.pulse().commit_seconds, abs=1e-6),
        "free_bytes": 2 * GIB,
        "size_bytes": 4096,
    }
    assert check(document, "source:shop") == {
        "status": "pass",
        "last_event": rfc3339(START - 3 * SECOND),
        "silence_seconds": 3.0,
    }
    assert check(document, "target:billing") == {
        "status": "pass",
        "breaker": "closed",
        "paused": False,
        "pending": 0,
        "oldest_pending_seconds": None,
        "dead": 0,
    }


@pytest.mark.parametrize("state", ["starting", "draining"])
def test_what_is_not_ready_fails(here: Here, state: str) -> None:
    """Whatever its checks say."""
    here.state = state
    document = look(here)
    assert (document["status"], document["output"]) == ("fail", f"no event can be taken now: {state}")
    assert check(document, "store")["status"] == "pass"


def test_a_store_that_fails_fails_it_all(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why; nothing else can be well then."""
    monkeypatch.setattr(here.store, "pulse", lambda: Pulse(True, "the disk is full", 0.002))
    document = look(here)
    assert document["status"] == "fail"
    assert check(document, "store")["status"] == "fail"
    assert check(document, "store")["output"].startswith("the disk is full: ")


def test_a_store_that_cannot_be_counted_warns(here: Here) -> None:
    """Unknown is null, and no zero."""
    document = look(here, counted=False)
    assert (document["status"], check(document, "store")["free_bytes"]) == ("warn", None)
    assert check(document, "target:billing")["pending"] is None


@pytest.mark.parametrize(("free", "status"), [(2 * GIB, "pass"), (2 * GIB - 1, "warn")])
def test_little_free_disk_warns(here: Here, free: int, status: str) -> None:
    """Less than [health] free_disk."""
    limits = here.config.health.model_copy(update={"free_disk": 2 * GIB})
    here.config = here.config.model_copy(update={"health": limits})
    document = look(here, replace(stats(), free_bytes=free))
    assert (document["status"], check(document, "store")["status"]) == (status, status)


@pytest.mark.parametrize(
    ("heard", "uptime", "status"),
    [(60, 1000.0, "pass"), (61, 1000.0, "warn"), (None, 60.0, "pass"), (None, 61.0, "warn")],
)
def test_a_silent_source_warns(here: Here, heard: int | None, uptime: float, status: str) -> None:
    """Silent for longer than expect_every; one never heard of is silent since the start."""
    if heard is not None:
        here.heard["shop"] = START - heard * SECOND
    document = look(here, uptime=uptime)
    assert check(document, "source:shop")["status"] == status
    assert ("output" in check(document, "source:shop")) == (status == "warn")
    assert check(document, "source:erp")["status"] == "pass"


@pytest.mark.parametrize(
    ("state", "counts", "output"),
    [
        (TargetState(paused_at=1, paused_why="410"), TargetStats(), "paused (410): relay resume billing"),
        (TargetState(down_at=1, down_why="refused"), TargetStats(), "down (refused): "),
        (
            TargetState(wait_until=START + 61 * SECOND),
            TargetStats(),
            "it asked for silence until 2026-09-21T14:14:21.000000Z (Retry-After): relay resume billing",
        ),
        (TargetState(), TargetStats(1, START - 901 * SECOND), "a delivery waits for 15 min: "),
        (TargetState(), TargetStats(dead=5, dead_lately=2), "2 given up in the last hour: "),
    ],
)
def test_a_target_that_is_not_well_warns(
    here: Here, state: TargetState, counts: TargetStats, output: str
) -> None:
    """Paused, down, a delivery that waits too long, new dead ones: what it is, and what to do."""
    here.store.remember("billing", state)
    document = look(here, stats(billing=counts))
    assert (document["status"], check(document, "target:billing")["status"]) == ("warn", "warn")
    assert check(document, "target:billing")["output"].startswith(output)
    assert check(document, "target:ledger")["status"] == "pass"


@pytest.mark.parametrize("counts", [TargetStats(1, START - 900 * SECOND), TargetStats(dead=9, dead_lately=1)])
def test_at_its_limits_a_target_is_well(here: Here, counts: TargetStats) -> None:
    """[health] oldest_pending is not passed, [health] dead not reached."""
    assert look(here, stats(billing=counts))["status"] == "pass"


def test_a_target_that_left_the_file_is_missing_while_it_owes(here: Here) -> None:
    """With what waits for it; without anything it is gone."""
    document = look(here, stats(former=TargetStats(3, START), gone=TargetStats(dead=1)))
    former = check(document, "target:former")
    assert (former["status"], former["missing"], former["pending"]) == ("warn", True, 3)
    assert "relay discard --target former" in former["output"]
    assert "target:gone" not in document["checks"]


def test_the_breaker_is_the_daemons(here: Here) -> None:
    """closed, open or half-open."""
    here.breakers["billing"] = "half-open"
    assert check(look(here), "target:billing")["breaker"] == "half-open"


def test_a_clock_that_went_back_makes_nothing_negative(here: Here, store: Store, clock: ManualClock) -> None:
    """Ages begin at nothing."""
    here.heard["shop"] = START + SECOND
    document = look(here, stats(billing=TargetStats(1, START + SECOND)))
    assert check(document, "source:shop")["silence_seconds"] == 0
    assert check(document, "target:billing")["oldest_pending_seconds"] == 0
