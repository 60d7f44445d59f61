"""When a webhook source is asked what was missed: by silence, at a start, by audit. Seconds from START."""

import random
from bisect import bisect, bisect_left
from dataclasses import replace

import pytest

from relay.clock import SECOND, micros
from relay.config.poll import PollConfig
from relay.poll.gap import Fill, Source, command, fill_span, filled, look, look_at, wanted
from relay.poll.state import PartState
from tests.clock import START
from tests.poll.stand import poll_config

HEAD = 'api = "a"\nsource = "a"\npath = "/p"\nitems = "body"\nid = "item"\ntime = "ts(item.at)"\n'
HOUR, DAY = 3600, 86400


def config(gap: str, toml: str = "") -> PollConfig:
    return poll_config(HEAD + toml + f"\ngap = {{ {gap} }}\n")


def t(seconds: float) -> int:
    return START + micros(seconds)


def source(last: float | None, silence: float | None = 600.0, started: float = 0) -> Source:
    return Source(None if last is None else t(last), silence, t(started))


BEGAN = PartState(began=t(-DAY), started=t(0))


def test_it_sleeps_while_webhooks_come() -> None:
    """No gap, no fill; it looks again when the source would be silent."""
    poll = config('silence = "10m"')
    state = look(poll, BEGAN, source(-599), t(0))
    assert (state, wanted(poll, state, source(-599), t(0))) == (BEGAN, None)
    assert look_at(poll, state, source(-599), t(0)) == t(1)


def test_a_silence_is_filled_from_the_last_webhook_on() -> None:
    """The point stands until a fill is complete, whatever arrives meanwhile."""
    poll = config('silence = "10m"')
    state = look(poll, BEGAN, source(-600), t(0))
    assert wanted(poll, state, source(-600), t(0)) == Fill(t(-600))
    # a webhook comes while the fill fails
    state = look(poll, state, source(5), t(10))
    assert wanted(poll, state, source(5), t(10)) == Fill(t(-600))
    assert state.resumed == t(10)


def test_a_silence_that_goes_on_is_filled_again() -> None:
    """Each complete fill moves the point; the one that reaches the webhooks' return is the last."""
    poll = config('silence = "10m"')
    state = look(poll, BEGAN, source(-600), t(0))
    state = filled(state, Fill(t(-600)), t(0))
    state = look(poll, state, source(-600), t(900))
    assert wanted(poll, state, source(-600), t(900)) == Fill(t(0))
    # webhooks come again; what was lost between the last fill and their return is still to be read
    state = look(poll, state, source(1000), t(1010))
    fill = wanted(poll, state, source(1000), t(1010))
    assert fill == Fill(t(0))
    state = filled(replace(state, due=t(9999), interval=900.0), fill, t(1020))
    assert (state.point, state.resumed, state.due, state.interval) == (None, None, 0, 0.0)
    assert wanted(poll, look(poll, state, source(1015), t(1030)), source(1015), t(1030)) is None


def test_lag_keeps_the_gap_open_until_it_is_reached() -> None:
    """A fill that leaves young items for later does not close what they are of."""
    poll = config('silence = "10m"', 'lag = "2m"')
    state = look(poll, replace(BEGAN, point=t(-600)), source(50), t(60))
    state = filled(state, Fill(t(-600)), t(60 - 120))
    assert state.point == t(-60)
    assert filled(state, Fill(t(-60)), t(60)).point is None


def test_each_start_is_a_gap() -> None:
    """From the last webhook before, once; also where a silence is none."""
    poll = config("on_start = true")
    state = look(poll, PartState(began=t(-DAY), started=t(-DAY)), source(-7 * HOUR, None, started=0), t(0))
    fill = wanted(poll, state, source(1, None, started=0), t(2))
    assert fill == Fill(t(-7 * HOUR))
    state = filled(look(poll, state, source(1, None, started=0), t(3)), fill, t(2))
    assert wanted(poll, look(poll, state, source(3, None, started=0), t(4)), source(3, None), t(4)) is None
    assert look_at(poll, state, source(3, None), t(4)) is None


def test_a_start_keeps_an_older_point() -> None:
    """A fill that was not complete before the restart is still owed."""
    poll = config("on_start = true")
    state = PartState(began=t(-DAY), started=t(-DAY), point=t(-9 * HOUR))
    assert look(poll, state, source(-60, None), t(1)).point == t(-9 * HOUR)


def test_audits() -> None:
    """Each reads from the start of the last complete one; a failed one is due at once."""
    poll = config('audit = "6h"')
    state = replace(BEGAN, audited=t(-6 * HOUR))
    near = source(-1, None)
    assert wanted(poll, state, near, t(-1)) is None
    assert look_at(poll, state, near, t(-1)) == t(0)
    assert wanted(poll, state, near, t(0)) == Fill(t(-6 * HOUR), audit=True)
    assert wanted(poll, state, near, t(HOUR)) == Fill(t(-6 * HOUR), audit=True)
    state = filled(state, Fill(t(-6 * HOUR), audit=True), t(HOUR))
    assert (state.audited, wanted(poll, state, near, t(2 * HOUR))) == (t(HOUR), None)


def test_an_audit_covers_an_older_gap() -> None:
    """One pass for both, from the older of the two points."""
    poll = config('audit = "6h", silence = "10m"')
    state = replace(BEGAN, audited=t(-6 * HOUR), point=t(-8 * HOUR), resumed=t(-7 * HOUR))
    fill = wanted(poll, state, source(-1), t(0))
    assert fill == Fill(t(-8 * HOUR), audit=True)
    assert filled(state, fill, t(0)) == replace(state, audited=t(0), point=None, resumed=None)


@pytest.mark.parametrize(
    ("start", "since"), [("now", -DAY), ("-7d", -8 * DAY), ("2026-09-21T13:13:20Z", -HOUR), ("all", None)]
)
def test_start_counts_while_there_is_neither(start: str, since: float | None) -> None:
    """No webhook ever, no audit ever: from where `start` says."""
    poll = config('audit = "6h"', f'start = "{start}"')
    fill = wanted(poll, BEGAN, source(None, None), t(0))
    assert fill == Fill(None if since is None else t(since), audit=True, fresh=True)
    assert command(poll, BEGAN) == fill


def test_the_range_of_a_fill() -> None:
    """`overlap` before the point, by the server's clock, and no further back than the list is kept."""
    poll = config('silence = "10m"', 'overlap = "1h"\nretention = "3d"')
    state = replace(BEGAN, skew=5 * SECOND)
    read, missed = fill_span(poll, state, Fill(t(-DAY)), t(0))
    assert (read.since, read.floor, read.until, missed) == (t(-DAY - HOUR + 5),) * 2 + (t(0), None)
    assert read.leaves(t(-2 * DAY))
    assert not read.leaves(t(-DAY))
    read, missed = fill_span(poll, state, Fill(t(-5 * DAY)), t(0))
    assert read.since == t(-3 * DAY)
    assert missed is not None
    assert (missed.since, missed.until) == (t(-5 * DAY + 5), t(-3 * DAY))


def test_a_fresh_fill_brings_nothing_of_before() -> None:
    """`start = "now"`: what does not say when it happened is only marked, what is older is left alone."""
    poll = config('audit = "6h"')
    read, missed = fill_span(poll, BEGAN, Fill(t(-DAY), audit=True, fresh=True), t(0))
    assert (read.since, read.mark, missed) == (t(-DAY), t(-DAY), None)
    assert (read.leaves(t(-DAY - 1)), read.marks(None), read.marks(t(-DAY))) == (True, True, False)


@pytest.mark.parametrize("seed", range(6))
def test_a_day_of_losses(seed: int) -> None:
    """Webhooks cease for some hours, later one in ten is lost: every event is read in time by some fill.

    In time: where webhooks ceased, within the silence and one poll; where single ones were lost, within one
    audit and one poll. A poll comes by each minute, fails one time in four, and the daemon restarts at times.
    """
    rng = random.Random(seed)
    poll = config('silence = "30m", on_start = true, audit = "6h"', 'overlap = "0s"')
    ceased = range(5 * HOUR + rng.randrange(HOUR), 9 * HOUR)
    events = sorted(rng.randrange(DAY) for _ in range(2000))
    lost = [e for e in events if e in ceased or (e > ceased.stop and rng.random() < 0.1)]
    arrived = sorted(set(events) - set(lost))
    state, started, read = PartState(), t(0), dict[int, int]()
    for now in range(0, DAY + 8 * HOUR, 60):
        place = bisect(arrived, now)
        started = t(now) if rng.random() < 0.002 else started
        seen = source(arrived[place - 1] if place else None, 1800.0, (started - START) / SECOND)
        state = look(poll, state, seen, t(now))
        fill = wanted(poll, state, seen, t(now))
        if fill is None or state.due > t(now) or rng.random() < 0.25:
            continue
        since = fill_span(poll, state, fill, t(now))[0].since
        low = bisect_left(lost, 0 if since is None else (since - START) / SECOND)
        read |= {e: now for e in lost[low : bisect(lost, now)] if e not in read}
        state = replace(filled(state, fill, t(now)), due=t(now + 300))
    poll_within = 300 + 8 * 60  # one poll, and some that fail
    for e in lost:
        within = 1800 if e in ceased else 6 * HOUR
        assert read.get(e, 1 << 40) - max(e, arrived[bisect(arrived, e) - 1]) <= within + poll_within, e
