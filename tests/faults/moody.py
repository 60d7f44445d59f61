"""A target that keeps no promises, and remembers whether the order of each key was kept."""

import random
from collections import Counter
from typing import Final

from aiohttp import web

from tests.faults.sink import Behaviour, Sink, reset, say, slow, take

MOODS: Final[tuple[tuple[float, Behaviour], ...]] = (
    (0.12, say(500)),
    (0.01, slow(1)),  # too late
    (0.005, reset),
    (0.1, slow(0.05)),
)
"""How likely each is; else it takes what comes."""
SEPARATOR: Final = "/"


def named(key: str, number: int) -> str:
    """The id of the `number`-th event of `key`, from 1."""
    return f"{key}{SEPARATOR}{number}"


class Moody:
    """How a sink behaves, to events of such names."""

    def __init__(self, sink: Sink, rng: random.Random) -> None:
        self._sink = sink
        self._rng = rng
        self._taken: Counter[str] = Counter()
        """By key: the number of the newest event that was answered 2xx."""
        self.well = False
        """From now on it takes everything."""
        self.failed = 0
        """Attempts that it did not take."""
        self.again = 0
        """Attempts at what it had taken: relay was killed before that was on its disk."""
        self.wrong: list[str] = []
        """What came too late, or too early."""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        # nothing else has run since the sink noted it
        key, _, number = self._sink.arrivals[-1].name.partition(SEPARATOR)
        self._judge(key, int(number))
        answer = await self._mood()(request)
        if answer.status == 200 and request.transport is not None and not request.transport.is_closing():
            self._taken[key] = max(self._taken[key], int(number))
        else:
            self.failed += 1
        return answer

    def _judge(self, key: str, number: int) -> None:
        """What comes is the next one of its key, or the one before it once more."""
        newest = self._taken[key]
        if number not in {newest, newest + 1}:
            life = self._sink.life
            self.wrong.append(f"{named(key, number)} came in life {life}, when {newest} had been taken")
        self.again += number == newest

    def _mood(self) -> Behaviour:
        if self.well:
            return take
        drawn = self._rng.random()
        for likely, behave in MOODS:
            drawn -= likely
            if drawn < 0:
                return behave
        return take
