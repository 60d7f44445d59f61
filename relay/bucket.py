"""A rate, evenly spaced, with a burst: pure, one number of state (GCRA). Times in microseconds."""

from math import ceil

from relay.clock import SECOND


class Bucket:
    """How many may go now, and when the next may; counted in nanoseconds, so that it is exact."""

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        """`burst`: how many may go at once behind a rest; None: one second's worth, at least 1."""
        self._interval = ceil(SECOND * 1000 / per_second)
        most = int(max(1.0, per_second if burst is None else burst))
        self._slack = (most - 1) * self._interval
        self._full = 0
        """The moment by which all that went would have gone at the even pace."""

    def room(self, now: int) -> int:
        """How many may go now."""
        ahead = max(0, self._full - now * 1000)
        return max(0, (self._slack - ahead) // self._interval + 1)

    def ready_at(self) -> int:
        """When the next may go; it may have been long ago."""
        return -((self._slack - self._full) // 1000)

    def take(self, now: int, count: int = 1) -> None:
        self._full = max(self._full, now * 1000) + count * self._interval

    def leave(self, room: int, now: int) -> None:
        """Let no more than `room` be left."""
        self._full = max(self._full, now * 1000 + self._slack - (room - 1) * self._interval)
