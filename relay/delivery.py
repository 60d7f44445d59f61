"""A delivery: one event owed to one target by one route; its attempts; how an attempt ends."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from relay.event import Event


class State(IntEnum):
    """Where a delivery stands, or an event over all of its deliveries. The numbers are the store's."""

    PENDING = 0
    DELIVERED = 1
    SKIPPED = 2
    DEAD = 3
    UNROUTED = 4
    """Of events only: nothing was planned."""

    @property
    def word(self) -> str:
        """As the API says it: `pending`."""
        return self.name.lower()


class Shaped(IntEnum):
    """What a route made of its events when a delivery was planned. The numbers are the store's."""

    PLAIN = 0
    """Nothing: they go as they came."""
    SHAPED = 1
    """Its `transform`, `headers` or `path` make another request of them."""
    BARE = 2
    """Its `when` failed, and `on_error = "send"`: this one goes as it came, whatever the route does."""


@dataclass(slots=True)
class Delivery:
    """A delivery taken for an attempt, with its event at hand."""

    id: str
    """The event's id, `-`, and the delivery's number in the event."""
    key: str
    """The idempotency key: the same on every attempt, until a fresh replay."""
    route: str
    target: str
    attempts: int
    """How many were made."""
    step: int
    """How many steps of the schedule are spent."""
    born: int
    """In the target's own time (`TargetState.time`): from here its age is counted."""
    event: Event
    replays: int = 0
    """How many times it had been replayed when it was taken: a later replay outlives this attempt."""
    shaped: Shaped = Shaped.PLAIN
    batch: int | None = None
    """Which batch it was tried in before: it is tried again with the same others. None: in none yet."""
    due: int = 0
    """When it became due, microseconds since 1970."""
    chain: bytes | None = None
    """The store's name of its place in an order: of one chain one at a time is due. None: it has no order."""


class Attempt(NamedTuple):
    """One try, as it is kept."""

    n: int
    at: int
    """When it began, microseconds since 1970."""
    seconds: float
    status: int | None = None
    error: str | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target has it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed: due again at `at` (microseconds), one step of the schedule spent."""

    at: int


@dataclass(frozen=True, slots=True)
class Wait:
    """The target could not take it: due at once, at the end of the line, no step spent."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """It was not its turn, for a reason of its own: due again at `at` (microseconds), no step spent."""

    at: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """There is nothing to deliver, as the route says it: listed, never sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up, kept and listed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Deliveries of one target that became too old while nobody could try them."""

    count: int
    oldest: int | None
    """When the oldest that is left was born, in the target's own time; None: none is left."""
    own: int = 0
    """How many of them were of relay's own events."""
    event: str = ""
    """Of the last one that was not: its event's id."""
    route: str = ""
    """Of the same."""


Outcome = Delivered | Retry | Wait | Postponed | Skipped | Dead


class Settlement(NamedTuple):
    """What became of a delivery. `attempt` is None where none was made (it was too old, or skipped)."""

    delivery: Delivery
    outcome: Outcome
    attempt: Attempt | None
    batch: int | None = None
    """The batch it was tried in, so that it is tried again with the same others; None: in none."""
