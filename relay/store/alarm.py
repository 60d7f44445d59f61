"""One timer for many deadlines: a timer of its own for each would cost more than what it guards."""

import asyncio
from collections.abc import Callable
from math import inf


class Alarm:
    """Rings at the earliest moment (of the loop's clock) that it was told, and has to be told again then."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at = inf
        self._timer: asyncio.TimerHandle | None = None

    def by(self, moment: float) -> None:
        """Ring at `moment`, if not earlier; infinite: never."""
        if moment >= self._at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._rung)

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._at, self._timer = inf, None

    def _rung(self) -> None:
        self._at, self._timer = inf, None
        self._ring()
