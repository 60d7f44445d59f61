"""A rate, evenly spaced, with a burst of one second's worth: pure, one number of state (GCRA)."""

from relay.clock import SECOND


class Bucket:
    """How many may go now, and when the next may. Times in microseconds."""

    def __init__(self, per_second: float) -> None:
        self._interval = SECOND / per_second
        self._slack = (max(1.0, per_second) - 1) * self._interval
        self._full = 0.0
        """The moment by which all that went would have gone at the even pace."""

    def room(self, now: int) -> int:
        ahead = max(0.0, self._full - now)
        return max(0, int((self._slack - ahead) / self._interval + 1 + 1e-9))

    def take(self, count: int, now: int) -> None:
        self._full = max(self._full, float(now)) + count * self._interval

    def next_at(self, now: int) -> int:
        """When `room` will be 1 at least."""
        return max(now, int(self._full - self._slack) + 1)
