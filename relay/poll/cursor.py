"""How far back a pass reads, what of it is news, how far the cursor moves: pure. Times in microseconds.

Identity, not the cursor, keeps items apart: each pass reads `overlap` again, and what is known is no news.
The cursor only bounds how far back a pass goes; it moves when a pass has read all of its range.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from relay.clock import SECOND, micros
from relay.config.poll import PollConfig
from relay.poll.state import PartState


@dataclass(frozen=True, slots=True)
class Span:
    """What one pass is to read, by the server's clock."""

    now: int
    """When it begins."""
    since: int | None
    """From here; None: from the beginning of all."""
    until: int
    """Up to here."""
    floor: int | None = None
    """Nothing earlier is news."""
    mark: int | None = None
    """What happened before it, or nobody knows when, is marked as seen: it is no news."""
    ceiling: int | None = None
    """Items from here on are left for later."""
    strict: bool = False
    """Items before `floor` are not even marked: a later pass may look further back."""
    cut: bool = False
    """It ends before now, because of `window`: the next one goes on from there."""

    def leaves(self, time: int | None) -> bool:
        """Whether an item is not for this pass."""
        if time is None:
            return False
        late = self.ceiling is not None and time >= self.ceiling
        return late or (self.strict and self.early(time))

    def early(self, time: int | None) -> bool:
        """Whether an item is of before."""
        return time is not None and self.floor is not None and time < self.floor

    def marks(self, time: int | None) -> bool:
        """Whether an item was there before relay was, and is no news for that."""
        return (self.mark is not None and (time is None or time < self.mark)) or self.early(time)


def begin(state: PartState, now: int) -> PartState:
    """The state at the first try, from which `start` counts."""
    return state if state.began is not None else replace(state, began=now)


def span(config: PollConfig, state: PartState, now: int, *, first: bool) -> Span:
    """What a pass that begins at `now` reads. `first`: the first try of all, which knows no earlier one."""
    floor, mark = _start(config, state, now)
    if mark is not None:
        floor = None
        # what is there at the first try was there before relay was; at a later one only what is older is
        mark = None if state.complete is not None else FOREVER if first else mark
    return reach(config, Span(now, _since(config, state, now), now, floor, mark))


def reach(config: PollConfig, read: Span) -> Span:
    """`read` up to where `lag` and `window` let it go."""
    until = read.now - micros(config.lag)
    ceiling = until + 1 if config.lag else None
    if config.window is None or read.since is None or read.since + micros(config.window) >= until:
        return replace(read, until=until, ceiling=ceiling)
    return replace(read, until=read.since + micros(config.window), ceiling=ceiling, cut=True)


FOREVER: Final = 1 << 62
"""Later than any item."""


def _start(config: PollConfig, state: PartState, now: int) -> tuple[int | None, int | None]:
    """Where `start` is, and before when items are only marked."""
    began, start = state.began if state.began is not None else now, config.start
    if start.at is not None:
        return start.at, None
    if start.ago is None:
        return None, None
    return (began, began) if start.mark else (began - micros(start.ago), None)


def _since(config: PollConfig, state: PartState, now: int) -> int | None:
    """`overlap` before the cursor, but not before the start; with `start = "now"` overlap before that."""
    overlap, (lowest, mark) = micros(config.overlap), _start(config, state, now)
    if lowest is not None and mark is not None:
        lowest -= overlap
    if state.cursor is None:
        return lowest
    # what is older than the list is kept is not asked for: some call that a fault
    kept = now - micros(config.retention) if config.retention is not None else 0
    return max(state.cursor - overlap, kept if lowest is None else max(lowest, kept))


def moved(config: PollConfig, state: PartState, read: Span, times: Collection[int]) -> int | None:
    """The cursor after a pass that read all of its range: `times` are those of items not left for later.

    Never back, and never past what was read: an item of the future, by whatever clock, cannot poison it.
    """
    limit = min(read.now, read.until) if read.cut else read.now
    found = [time for time in times if time <= limit]
    if config.time is None:
        # nothing says how new the items are: all was read by the time that the pass began
        found.append(limit)
    if read.mark is not None and state.began is not None:
        # the range of the next pass is then the one that was marked
        found.append(state.began)
    if config.window is not None:
        found.append(read.until - micros(config.overlap))
    known = [] if state.cursor is None else [state.cursor]
    return max(found + known, default=None)


def lies_before(times: Sequence[int | None], since: int | None) -> bool:
    """Whether a page lies wholly before the range: where the newest come first, the rest does too."""
    return since is not None and bool(times) and all(time is not None and time < since for time in times)


@dataclass(frozen=True, slots=True)
class Missed:
    """A stretch of time of which items may have been missed."""

    since: int
    until: int


def expired(config: PollConfig, since: int | None, now: int) -> Missed | None:
    """What the provider let go of a range that should have been read since then (the last complete pass)."""
    if config.retention is None or since is None:
        return None
    kept_from = now - micros(config.retention)
    return Missed(since, kept_from) if since < kept_from else None


def cut_off(
    config: PollConfig, state: PartState, read: Span, times: Sequence[int], *, moves: bool
) -> Missed | None:
    """What a list that holds only so many items (GitHub: 300) lost: it ends before the cursor is met.

    `moves`: the request asks for what is new, and so its end is the end of the range. `times`: of all items.
    """
    if moves or state.cursor is None or state.complete is None or not times or config.gap is not None:
        return None
    if config.change is not None or min(times) <= state.cursor:
        return None
    retention = None if config.retention is None else micros(config.retention)
    if retention is not None and state.cursor <= read.now - retention:
        # what the cursor was taken from is not kept any more
        return None
    return Missed(state.cursor, min(times))


def remembered(config: PollConfig, names: float) -> float:
    """Seconds for which items are remembered after they were last listed.

    `names`: for which keys are. An item with `change` must not be forgotten before its keys are: its `n`
    would begin anew, and a key of before would make the event a duplicate.
    """
    longest = 2 * max(config.overlap, config.retention or 0.0, config.window or 0.0)
    return max(longest, names * 1.25) if config.change is not None else longest


def forget_before(config: PollConfig, state: PartState, names: float) -> int | None:
    """Items last listed before this are forgotten; None: none yet.

    Counted from the last pass that brought the list: what was not asked, or 304, may be listed still.
    """
    if state.listed is None:
        return None
    return state.listed - state.skew - micros(remembered(config, names)) - REFRESH


REFRESH: Final = 15 * 60 * SECOND
"""How old the store may let it get when an item was last listed: so much less is written."""
