"""Is the target down? Contract 4: pure, over what attempts said. Times in microseconds.

A connection that cannot be made says so at once. Else it takes 10 different deliveries in a row that
failed, or half of at least 20 different ones within 60 s: one event that fails again and again is not a
target that is down.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from relay.clock import MILLISECOND, SECOND
from relay.target import TargetState

IN_A_ROW: Final = 10
AT_LEAST: Final = 20
WINDOW: Final = 60 * SECOND
REMEMBERED: Final = 1_000
"""Failed deliveries told apart within the window; older ones than that only count."""
FIRST_PROBE: Final = 250 * MILLISECOND
LAST_PROBE: Final = 120 * SECOND
SPREAD: Final = 0.3
"""Probes come up to this part early, so that the sources of one target do not probe in step."""


class Record:
    """How the latest different deliveries went, while the target is thought to be up."""

    def __init__(self) -> None:
        self._row: set[str] = set()
        self._failed: dict[str, int] = {}
        self._counts: deque[list[int]] = deque()
        """[second, delivered, failed and forgotten]."""

    def delivered(self, delivery: str, now: int) -> None:
        self._row.clear()
        self._failed.pop(delivery, None)
        self._count(now, 1, 0)

    def failed(self, delivery: str, now: int) -> bool:
        """Whether the target is down, by this failure and those before."""
        self._row.add(delivery)
        self._failed.pop(delivery, None)
        self._failed[delivery] = now
        if len(self._failed) > REMEMBERED:
            self._count(self._failed.pop(next(iter(self._failed))), 0, 1)
        return len(self._row) >= IN_A_ROW or self._half(now)

    def forget(self) -> None:
        self._row.clear()
        self._failed.clear()
        self._counts.clear()

    def _half(self, now: int) -> bool:
        since = now - WINDOW
        self._forget_before(since)
        while self._failed and next(iter(self._failed.values())) <= since:
            del self._failed[next(iter(self._failed))]
        delivered = sum([count for _, count, _ in self._counts])
        failed = len(self._failed) + sum([count for _, _, count in self._counts])
        return delivered + failed >= AT_LEAST and failed >= delivered

    def _forget_before(self, since: int) -> None:
        while self._counts and (self._counts[0][0] + 1) * SECOND <= since:
            self._counts.popleft()

    def _count(self, at: int, delivered: int, failed: int) -> None:
        second = at // SECOND
        self._forget_before(at - WINDOW)
        if not self._counts or self._counts[-1][0] != second:
            self._counts.append([second, 0, 0])
        count = self._counts[-1]
        count[1] += delivered
        count[2] += failed


def go_down(state: TargetState, now: int, why: str, spread: Callable[[], float]) -> TargetState:
    """Down from now on; `spread` gives numbers in [0, 1)."""
    return replace(state, down_at=now, down_why=why, probes=0, probe_at=now + _pause(0, spread))


def fail_probe(state: TargetState, now: int, why: str, spread: Callable[[], float]) -> TargetState:
    """Still down: the next probe waits twice as long."""
    probes = state.probes + 1
    return replace(state, down_why=why, probes=probes, probe_at=now + _pause(probes, spread))


def come_back(state: TargetState) -> TargetState:
    """Up again: all that waited because it was down is due now."""
    return replace(state, down_at=None, down_why="", probes=0, probe_at=0)


def _pause(probes: int, spread: Callable[[], float]) -> int:
    doubled = FIRST_PROBE << min(probes, 20)
    return int(min(doubled, LAST_PROBE) * (1 - SPREAD * spread()))


def word(state: TargetState, *, probing: bool) -> str:
    """As `/health` says it."""
    if state.down_at is None:
        return "closed"
    return "half-open" if probing else "open"
