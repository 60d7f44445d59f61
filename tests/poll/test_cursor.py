"""How far back a pass reads, and where the cursor is afterwards. Seconds are counted from START."""

import pytest

from relay.clock import SECOND, micros
from relay.poll.cursor import (
    FOREVER,
    REFRESH,
    begin,
    cut_off,
    expired,
    forget_before,
    lies_before,
    moved,
    span,
)
from relay.poll.state import PartState
from tests.clock import START
from tests.poll.stand import poll_config

HEAD = 'api = "a"\npath = "/p"\nitems = "body"\nid = "item"\n'
TIMED = HEAD + 'time = "ts(item.at)"\n'
HOUR, DAY = 3600, 86400


def t(seconds: float | None) -> int | None:
    return None if seconds is None else START + micros(seconds)


def state(cursor: float | None = None, began: float = -DAY, complete: float | None = None) -> PartState:
    return PartState(began=t(began), cursor=t(cursor), complete=t(complete))


@pytest.mark.parametrize(
    ("toml", "known", "since", "until"),
    [
        ("", state(began=0), -600, 0),
        ("", state(-90, began=-60, complete=-60), -660, 0),
        ("", state(-30, began=-HOUR, complete=-60), -630, 0),
        ('start = "all"', state(began=0), None, 0),
        ('start = "all"', state(-30), -630, 0),
        ('start = "-7d"', state(began=0), -7 * DAY, 0),
        ('start = "-7d"', state(-30, began=-60), -630, 0),
        ('start = "-1m"', state(-30, began=0), -60, 0),
        ('start = "2026-09-20T14:13:20Z"', state(), -DAY, 0),
        ('overlap = "1h"\nlag = "2m"', state(-30), -30 - HOUR, -120),
        ('start = "-10d"\nwindow = "3d"', state(began=0), -10 * DAY, -7 * DAY),
        ('start = "-1d"\nwindow = "3d"', state(began=0), -DAY, 0),
        ('start = "all"\nretention = "30d"', state(-90 * DAY), -30 * DAY, 0),
    ],
)
def test_the_range_of_a_pass(toml: str, known: PartState, since: float | None, until: float) -> None:
    """`overlap` before the cursor, never before the start or what is kept; no longer than a window."""
    read = span(poll_config(TIMED + toml), known, START, first=False)
    assert (read.since, read.until, read.cut) == (t(since), t(until), until < -120)


def test_where_start_counts_from() -> None:
    """From the first try, whatever became of it."""
    first = begin(PartState(), START)
    assert begin(first, START + HOUR).began == START


@pytest.mark.parametrize(
    ("toml", "first", "complete", "marked"),
    [
        ("", True, None, [None, -DAY, 0, DAY]),
        ("", False, None, [None, -DAY]),
        ("", False, -1, []),
        ('start = "-1h"', True, None, [-DAY]),
        ('start = "-1h"', False, -1, [-DAY]),
        ('start = "all"', True, None, []),
    ],
)
def test_what_is_only_marked(
    toml: str, first: bool, complete: float | None, marked: list[float | None]
) -> None:
    """Of before the start; at the first try all that is there, at a later one what does not say when."""
    known = state(began=-HOUR if not first else 0, complete=complete)
    read = span(poll_config(TIMED + toml), known, START, first=first)
    times: list[float | None] = [None, -DAY, 0, DAY]
    assert [time for time in times if read.marks(t(time))] == marked
    assert not any(read.leaves(t(time)) for time in times)


@pytest.mark.parametrize(
    ("toml", "cursor", "times", "after"),
    [
        ('start = "all"', None, [-9, -3, -7], -3),
        ('start = "all"', -5, [-9, -7], -5),
        ('start = "all"', None, [], None),
        ('start = "all"', -5, [-3, DAY], -3),
        ('start = "all"', None, [DAY], None),
        ("", None, [-9], 0),
        ("", None, [], 0),
        ('start = "all"\nwindow = "2h"', -DAY, [], -DAY - 600 + 2 * HOUR - 600),
        ('start = "all"\nwindow = "2h"', -DAY, [-DAY + 60, -DAY + 7000], -DAY - 600 + 2 * HOUR - 600),
        ('start = "all"\nwindow = "2h"', -DAY, [-DAY + 6600, -9], -DAY + 6600),
        ('start = "all"\nwindow = "2h"', -60, [], -60),
        ('start = "all"\nwindow = "2h"', -HOUR, [], -600),
    ],
    ids=["newest", "never back", "none", "future", "future only", "marking", "marking none", "empty window",
         "window", "beyond the window", "last window", "last window moves"],
)  # fmt: skip
def test_the_cursor_after_a_pass(
    toml: str, cursor: float | None, times: list[float], after: float | None
) -> None:
    """The newest that was found, never back, never into the future, and past a window that was read."""
    config, known = poll_config(TIMED + toml), state(cursor, began=0 if cursor is None else -DAY * 9)
    read = span(config, known, START, first=cursor is None)
    assert moved(config, known, read, [START + micros(time) for time in times]) == t(after)


def test_a_list_without_times_is_read_up_to_now() -> None:
    """Nothing says how new its items are: the pass itself does."""
    config = poll_config(HEAD + 'start = "all"')
    assert moved(config, state(), span(config, state(), START, first=False), []) == START


@pytest.mark.parametrize(
    ("times", "since", "before"),
    [
        ([-9, -8], -5, True),
        ([-9, -5], -5, False),
        ([-9, None], -5, False),
        ([], -5, False),
        ([-9], None, False),
    ],
)
def test_a_page_before_the_range(times: list[float | None], since: float | None, before: bool) -> None:
    """Every item of it, or it is not."""
    assert lies_before([t(time) for time in times], t(since)) is before


@pytest.mark.parametrize(
    ("since", "missed"), [(-8 * DAY, (-8 * DAY, -7 * DAY)), (-6 * DAY, None), (None, None)]
)
def test_what_was_kept_no_more(since: float | None, missed: tuple[float, float] | None) -> None:
    """From where it should have been read, to where the list begins now."""
    found = expired(poll_config(TIMED + 'retention = "7d"'), t(since), START)
    assert (None if found is None else (found.since, found.until)) == (
        None if missed is None else (t(missed[0]), t(missed[1]))
    )
    assert expired(poll_config(TIMED), t(since), START) is None


@pytest.mark.parametrize(
    ("toml", "cursor", "times", "moves", "lost"),
    [
        ("", -60, [-50, -40], False, True),
        ("", -60, [-60, -40], False, False),
        ("", -60, [], False, False),
        ("", None, [-50], False, False),
        ("", -60, [-50], True, False),
        ('change = "item"', -60, [-50], False, False),
        ('retention = "30d"', -40 * DAY, [-50], False, False),
        ('retention = "30d"', -20 * DAY, [-50], False, True),
    ],
    ids=[
        "cut off",
        "met",
        "empty",
        "first",
        "filtered",
        "snapshot",
        "too old to be listed",
        "should be listed",
    ],
)
def test_a_list_that_ends_before_the_cursor(
    toml: str, cursor: float | None, times: list[float], moves: bool, lost: bool
) -> None:
    """What the cursor was taken from should still be listed, unless it is too old, or was not asked for."""
    config, known = poll_config(TIMED + 'start = "all"\n' + toml), state(cursor, complete=-60)
    read = span(config, known, START, first=False)
    found = cut_off(config, known, read, [START + micros(time) for time in times], moves=moves)
    assert (found is not None) is lost


@pytest.mark.parametrize(
    ("toml", "seconds"),
    [
        ("", 1200),
        ('retention = "3d"', 6 * DAY),
        ('change = "item"', 7 * DAY * 1.25),
        ('overlap = "9d"', 18 * DAY),
    ],
)
def test_how_long_items_are_remembered(toml: str, seconds: float) -> None:
    """Twice what a pass can reach back to, from when they were last listed; with `change` beyond keys."""
    config = poll_config(TIMED + toml)
    listed = PartState(listed=START)
    assert forget_before(config, listed, 7 * DAY) == START - micros(seconds) - REFRESH
    assert forget_before(config, PartState(), 7 * DAY) is None
    assert forget_before(config, PartState(listed=START, skew=SECOND), 0) == forget_before(
        config, PartState(listed=START - SECOND), 0
    )


def test_forever_is_later_than_any_time() -> None:
    """Of year 9999, too."""
    assert FOREVER > 253_402_300_799 * SECOND
