"""Routes: from which sources, of which events, to which targets; and what one event is owed by them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from relay.delivery import Shaped, State
from relay.expression.environment import Program

OWN_SOURCE: Final = "relay"
"""The source of relay's own events: no glob takes it, only its name."""
OnError: TypeAlias = Literal["dead", "skip", "send"]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """From sources to targets."""

    name: str
    sources: tuple[str, ...]
    """Names and globs (`*`, `?`, `[ab]`; case counts)."""
    targets: tuple[str, ...]
    when: Program | None = None
    """Which events; None: every one."""
    on_error: OnError = "dead"
    """What becomes of an event on which an expression of the route fails."""
    unrouted: bool = False
    """Only events for which no route without this planned anything."""
    shaped: bool = False
    """It makes another request of the event: with `transform`, `headers` or `path`."""

    def takes(self, source: str) -> bool:
        """Whether this route takes events of `source` at all."""
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
    shaped: Shaped = Shaped.PLAIN
    order: str | None = None
    """Its key among the target's deliveries: those of one key go out one after the other. None: no order."""


class Routes:
    """All routes of the file, looked up by source. `orders`: by target, what gives the key of its order."""

    def __init__(self, routes: Iterable[Route] = (), orders: Mapping[str, Program] | None = None) -> None:
        self.all = tuple(routes)
        self.orders = dict(orders or {})
        self._by_source: dict[str, Candidates] = {}

    def of(self, source: str) -> "Candidates":
        """The routes that may take an event of `source`."""
        found = self._by_source.get(source)
        if found is None:
            found = Candidates([route for route in self.all if route.takes(source)], self.orders)
            self._by_source[source] = found
        return found


class Candidates:
    """The routes that take a source, in the order of the file."""

    def __init__(self, routes: list[Route], orders: Mapping[str, Program]) -> None:
        self.first = tuple(route for route in routes if not route.unrouted)
        self.last = tuple(route for route in routes if route.unrouted)
        """Of what the first ones leave."""
        self.orders = {
            target: orders[target] for each in routes for target in each.targets if target in orders
        }
        self._made: dict[tuple[Route, ...], tuple[Planned, ...]] = {}
        conditional = any(route.when is not None for route in (self.first or self.last))
        self.certain = None if conditional or self.orders else self.owed(self.first or self.last)
        """What every event is owed, where that takes no look at it."""
        programs = [*(route.when for route in routes if route.when), *self.orders.values()]
        self.reads_body = any(program.names & BODY for program in programs)
        """Whether an expression may look into the body."""

    def owed(self, routes: tuple[Route, ...]) -> tuple[Planned, ...]:
        """What all of `routes` owe: one object for the same routes, so that a store knows what is alike."""
        made = self._made.get(routes)
        if made is None:
            made = tuple(pending(route, target) for route in routes for target in route.targets)
            if len(self._made) < MOST_ALIKE:
                self._made[routes] = made
        return made


BODY: Final = frozenset({"body", "event", "event.data", "digest", "query"})
"""Variables that may cost a reading of the body."""
MOST_ALIKE: Final = 4096
"""Different plans that are kept for one source."""


def pending(route: Route, target: str) -> Planned:
    """What is owed where a route takes an event."""
    return Planned(route.name, target, shaped=Shaped.SHAPED if route.shaped else Shaped.PLAIN)
