"""The benchmark's own processes against each other: what it counts is what happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.baselines import proven
from bench.child import Child, Failed
from bench.message import SIGNATURE_HEADER, SIGNATURE_PREFIX, sign
from bench.settings import Settings
from bench.stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(Settings(connections=4), tmp_path) as stand:
        yield stand


def test_every_post_is_counted_once(stand: Stand) -> None:
    """What the proxy took has come to the sink, each event once, with the moment it was sent."""
    with stand.baseline("proxy") as (_, port):
        posted = stand.post(port, seconds=0.2, rate=500)
        stand.arrived(posted.accepted)
    report = stand.report()
    assert posted.requests == posted.accepted == 100
    assert (report["requests"], report["events"]) == (100, 100)
    assert 0 < report["latency"]["p50_ms"] <= report["latency"]["max_ms"]


def test_closed_loop_ends_in_time_with_every_answer(stand: Stand) -> None:
    """No post is begun after the time is over, and none is left without its answer."""
    with stand.baseline("handler") as (_, port):
        posted = stand.post(port, seconds=0.2)
    assert posted.accepted == posted.requests == posted.statuses["200"] >= 4
    assert posted.began < posted.ended


def test_sink_forgets(stand: Stand) -> None:
    """After a reset nothing has come."""
    with stand.baseline("proxy") as (_, port):
        stand.post(port, seconds=0.05, rate=200)
    stand.forget()
    assert stand.report()["requests"] == 0


def test_target_that_is_down_refuses(stand: Stand) -> None:
    """While the sink is down nothing reaches it."""
    with stand.baseline("proxy") as (_, port):
        stand.down(60)
        posted = stand.post(port, seconds=0.05, rate=200)
    assert posted.accepted == 0
    assert stand.report()["requests"] == 0


def test_child_that_fails_says_why(tmp_path: Path) -> None:
    """A process that ends early is told with its last words, and is gone afterwards."""
    with (
        Child(("-c", "raise SystemExit('no luck')"), tmp_path / "err") as child,
        pytest.raises(Failed, match="no luck"),
    ):
        child.said()
    assert child.process.returncode == 1


def test_baselines_check_signatures() -> None:
    """The baselines do what relay has to do: a wrong signature is none."""
    good = {SIGNATURE_HEADER: SIGNATURE_PREFIX + sign(b"body").decode()}
    assert proven(b"body", good)
    assert not proven(b"other", good)
    assert not proven(b"body", {})
