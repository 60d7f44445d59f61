"""Those who wait for the answers of one enrichment: few at a time, so that it holds up nobody else. Pure.

Who finds the line full is told when to come back: one behind the other, at the pace that the line shows. Who
finds an api that gives no answers is told so at once, but for one who goes and looks. Times in microseconds.
"""

from collections.abc import Callable
from typing import Final

from relay.clock import MILLISECOND, SECOND
from relay.http.ask import Answered, Retry

LINE: Final = 64
"""How many events wait for their answers at the most, where the api does not take more at once."""
BEST_PACE: Final = MILLISECOND
LAST_PACE: Final = 60 * SECOND
"""Between two answers: what is hoped for, and the slowest that is believed."""
MEAN: Final = 64
"""Answers over which the pace is a mean."""
FURTHEST: Final = 300 * SECOND
"""Nobody is sent away for longer: the pace may get better meanwhile."""
SILENT: Final = 5
"""So many requests in a row without any answer: it gives none."""
FIRST_LOOK: Final = SECOND
LAST_LOOK: Final = 30 * SECOND
"""How soon somebody looks whether it answers again: doubling from the first to the last."""
TELL_EVERY: Final = 60 * SECOND


class Line:
    """`pace`: of the rates in the file. `spread` gives numbers in [0, 1)."""

    def __init__(self, at_once: int, pace: int, spread: Callable[[], float]) -> None:
        self._most = max(LINE, 2 * at_once)
        self._best = self._pace = max(BEST_PACE, pace)
        self._spread = spread
        self._waiting = 0
        self._moved = 0
        """While somebody waits: when the last one left, or the first one came."""
        self._slot = 0
        """When the last one that was sent away comes back."""
        self._silent = 0
        """How many requests in a row had no answer."""
        self._looks = 0
        """How many of them were to find out whether there is one again."""
        self._look_at = 0
        self.looking = False
        """Somebody is finding out."""
        self._told_at: int | None = None
        self._untold = 0
        self.why = ""
        """Why the last one got no answer."""

    # standing in line

    @property
    def full(self) -> bool:
        return self._waiting >= self._most

    def enter(self, now: int) -> None:
        if not self._waiting:
            self._moved = now
        self._waiting += 1

    def leave(self, now: int) -> None:
        """One has its answer, or none; by how soon the next one does, the pace is known."""
        self._waiting -= 1
        self._pace = max(self._best, ((MEAN - 1) * self._pace + self._stood(now)) // MEAN)
        self._moved = now
        if not self._waiting:
            # nobody is left: it could have gone faster
            self._pace = max(self._best, self._pace * 4 // 5)

    def _stood(self, now: int) -> int:
        """How long nobody has moved."""
        return min(max(0, now - self._moved), LAST_PACE)

    def back_at(self, now: int, opens: int) -> int:
        """When one who cannot stand in line comes back; before `opens` there is none."""
        start = max(now, opens)
        # where nobody has moved for so long, all of them will take no less
        pace = max(self._pace, self._stood(now) // self._waiting) if self._waiting else self._pace
        slot = max(self._slot, start + self._waiting * pace // 2) + pace
        if slot - start > FURTHEST:
            return start + int(FURTHEST * (1 + self._spread()) / 2)
        self._slot = slot
        return slot

    # whether anybody answers

    def may_ask(self, now: int) -> bool:
        """Whether it makes sense to ask; of an api that gives no answers only one finds out at a time."""
        if self._silent < SILENT:
            return True
        if self.looking or now < self._look_at:
            return False
        self.looking = True
        return True

    def learn(self, answered: Answered | None, now: int) -> None:
        """What came of asking; None: it was called off."""
        looked, self.looking = self.looking, False
        if answered is None:
            return
        if answered.response is not None:
            self._silent = self._looks = 0
        elif isinstance(answered, Retry):
            self._silent, self.why = self._silent + 1, answered.why
            self._looks += looked
            self._look_at = now + min(FIRST_LOOK << min(self._looks, 20), LAST_LOOK)

    # what is told

    def untold(self, now: int) -> int | None:
        """How many failures were not told before one that is to be told now; None: it is not."""
        if self._told_at is not None and now - self._told_at < TELL_EVERY:
            self._untold += 1
            return None
        self._told_at, untold = now, self._untold
        self._untold = 0
        return untold
