"""How much the benchmark does."""

from dataclasses import dataclass, replace
from typing import Final

NAMES: Final = (
    "ingest",
    "forward",
    "kept",
    "start",
    "latency",
    "outage",
    "targets",
    "verify",
    "expressions",
    "polls",
)
"""The measurements, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The default run: about nine minutes on two cores."""

    only: tuple[str, ...] = NAMES
    rounds: int = 3
    seconds: float = 4.0
    """Of each timed phase."""
    connections: int = 64
    kept: int = 1_000_000
    """Events in the filled store, and deliveries that wait at the start."""
    rate: float = 200.0
    """Events a second where the rate is given."""
    calm: float = 5.0
    """Seconds of the phases at that rate."""
    outage: float = 20.0
    """Seconds that the target is down."""
    shared: float = 6.0
    """Seconds of the phases with fifty targets."""
    ills: tuple[str, ...] = ("hangs", "refuses", "answers 500", "may get 1/s")
    """What is wrong with one of them, a phase each, while events come steadily."""
    ills_at_most: tuple[str, ...] = ("hangs",)
    """The same, while as many come as are taken."""

    def measures(self, *names: str) -> bool:
        """Whether any of these is to be measured."""
        return any(name in self.only for name in names)


def quick(settings: Settings) -> Settings:
    """Small enough for a look between two edits, too small to quote."""
    only = tuple(name for name in settings.only if name != "polls")
    short = replace(settings, only=only, rounds=1, seconds=1.5, kept=50_000, calm=3.0, outage=5.0)
    return replace(short, shared=2.5, ills=("hangs", "may get 1/s"), ills_at_most=())
