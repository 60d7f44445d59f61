"""What the admin side sees of the daemon that runs: the daemon gives itself as one of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from relay.clock import Clock
from relay.config.schema import Config
from relay.errors import Problem
from relay.event import Event
from relay.metrics import Metrics
from relay.poll.poller import Poller
from relay.route import Planned
from relay.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did: dotted paths. With `problems` it was refused and nothing changed."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    file: str = ""


class Running(Protocol):
    """The daemon, for looking at and for acting on."""

    config: Config
    """In force now."""
    store: Store
    clock: Clock
    metrics: Metrics
    poller: Poller
    """All polls and watches; it has none until it is known when each source was last heard of."""

    async def plans(self, events: Sequence[Event]) -> Sequence[tuple[Planned, ...]]:
        """What each of `events`, which are kept already, would be owed by today's file."""

    def alive(self) -> bool:
        """The loop turns and the store's writer answers, be it with an error."""

    def unready(self) -> str | None:
        """Why no event can be taken now (starting, draining, the store); None: they can."""

    def last_event(self, source: str) -> int | None:
        """When the newest event of `source` was received, microseconds since 1970."""

    def breaker(self, target: str) -> str:
        """`closed`, `open` or `half-open`."""

    def pause(self, target: str) -> None:
        """Stop delivering to a target that the file names or that has deliveries; they are kept."""

    def resume(self, target: str) -> None:
        """Deliver again, at once, also to one that is down or told us to wait."""

    async def reload(self) -> Reloaded:
        """Read the file again, all or nothing."""
