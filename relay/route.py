"""Which targets are owed an event: pure, at the moment of acceptance."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from relay.delivery import State
from relay.event import Event

OWN_SOURCE: Final = "relay"
"""The source of relay's own events: no glob takes it, only its name."""


@dataclass(frozen=True, slots=True)
class Route:
    """From sources to targets."""

    name: str
    sources: tuple[str, ...]
    """Names and globs (`*`, `?`, `[ab]`; case counts)."""
    targets: tuple[str, ...]

    def takes(self, source: str) -> bool:
        """Whether this route takes the events of `source`."""
        if source == OWN_SOURCE:
            return source in self.sources
        return any(fnmatchcase(source, pattern) for pattern in self.sources)


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery owed: by this route, to this target; or one that ended before it was tried, and is kept.

    An item of a poll that cannot be used is such a one: dead, of the route `poll:NAME`, to no target (`""`).
    """

    route: str
    target: str
    state: State = State.PENDING
    reason: str | None = None
    """Why it is not pending: its `last_error`."""


class Routes:
    """All routes of the file, looked up by source."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self.all = tuple(routes)
        self._by_source: dict[str, tuple[Planned, ...]] = {}

    def of(self, source: str) -> tuple[Planned, ...]:
        """What an event of `source` is owed, in the order of the file."""
        planned = self._by_source.get(source)
        if planned is None:
            planned = tuple(
                Planned(route.name, target)
                for route in self.all
                if route.takes(source)
                for target in route.targets
            )
            self._by_source[source] = planned
        return planned


def plan(event: Event, routes: Routes) -> tuple[Planned, ...]:
    """The deliveries that `event` is owed by `routes`."""
    return routes.of(event.source)
