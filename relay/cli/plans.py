"""What a file makes of an event: for each route, taken or not and why, and what each target would get.

Nothing is sent, and no api is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final, cast

from aiohttp import ClientSession

from relay.cli.asked import Asked, asked
from relay.cli.recalled import last_attempts, recalled_deliveries, recalled_event
from relay.clock import SystemClock
from relay.config.choice import listed
from relay.config.load import Loaded
from relay.config.secret import Secret
from relay.config.target import BatchConfig
from relay.config.types import quoted
from relay.deliver.enrich.end import together
from relay.deliver.enrich.enricher import Answers, Enrichment, NotYet
from relay.deliver.headers import Envelope
from relay.deliver.lane import Lane, open_lanes
from relay.deliver.targets.open import Means, Outgoing, outgoing
from relay.deliver.targets.protocol import Message
from relay.delivery import Dead, Delivery, Outcome, Shaped, Skipped, State
from relay.event import Event
from relay.parts import Parts
from relay.plan import Decision, decide, order_key, owed_by
from relay.receive.source import proofs
from relay.route import Planned, Route
from relay.seen import Seen

FAR: Final = 1 << 62
"""A moment at which every batch has waited long enough, microseconds."""
FAILED: Final = {"dead": "dead", "skip": "skipped", "send": "sent as it came"}
"""What `on_error` makes of an event on which `when` fails."""
OF_POLL: Final = "poll:"
"""How the routes begin of items of polls that are kept, and go nowhere."""
UNUSABLE: Final = "an item that cannot be used, which is only kept"


@dataclass(frozen=True, slots=True)
class Owed:
    """One delivery, as it would go out now."""

    id: str
    target: str
    state: State = State.PENDING
    reason: str | None = None
    """Why it would not be sent, or why that cannot be told."""
    order: str | None = None
    """Its key among the target's deliveries."""
    asks: tuple[Asked, ...] = ()
    batch: BatchConfig | None = None
    """It goes together with others, which `outgoing` does not show."""
    outgoing: Outgoing | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """What becomes of an event at one route."""

    route: str
    taken: bool
    why: str
    deliveries: tuple[Owed, ...] = ()


class Plans:
    """Made by one file. `answers`: what apis are taken to answer, by the name of the enrichment."""

    def __init__(self, loaded: Loaded, parts: Parts, answers: Mapping[str, bytes]) -> None:
        self.file = loaded.file
        self._config = loaded.config
        self._parts = parts
        self._answers = answers
        self._clock = SystemClock()
        self._proofs = proofs(parts.sources.values())
        means = Means(cast("ClientSession", None), self._clock)  # nothing is sent
        self._lanes = open_lanes(loaded.config, parts.blueprint, means, Envelope(self._proofs), {})

    async def of_new(self, event: Event) -> list[RoutePlan]:
        """As if it was accepted now."""
        seen, numbers = Seen(event), count(1)
        decisions = decide(seen, self._parts.routes)
        return [await self._of_new(each, decisions, seen, numbers) for each in decisions]

    async def of_kept(self, document: Mapping[str, Any]) -> list[RoutePlan]:
        """Of an event as `GET events/ID` shows it: the next attempt of each of its deliveries.

        One that has none is planned anew, as a replay would do it.
        """
        event = recalled_event(document, self._proofs.get(document["source"], ()))
        kept = recalled_deliveries(document, event)
        if not kept:
            plans = zip(await self.of_new(event), self._parts.routes.all, strict=True)
            return [replace(plan, why=plan.why + self._doubt(route)) for plan, route in plans]
        seen = Seen(event)
        decisions = decide(seen, self._parts.routes)
        kept = _as_shaped(kept, decisions)
        named = [await self._of_kept(each, decisions, seen, kept) for each in decisions]
        return [*named, *self._of_gone(kept)]

    async def of_attempts(self, document: Mapping[str, Any]) -> list[tuple[Delivery, Owed | None]]:
        """The last attempt of each delivery, as today's file makes it; None: it does not name the target."""
        event = recalled_event(document, self._proofs.get(document["source"], ()))
        tried = _as_shaped(last_attempts(document, event), decide(Seen(event), self._parts.routes))
        return [
            (each, await self._owed(each, Planned(each.route, each.target)) if self._knows(each) else None)
            for each in tried
        ]

    def _knows(self, delivery: Delivery) -> bool:
        return delivery.target in self._lanes

    # a route

    async def _of_new(
        self, decision: Decision, decisions: Sequence[Decision], seen: Seen, numbers: Iterator[int]
    ) -> RoutePlan:
        planned = owed_by(seen, self._parts.routes, decision)
        owed = [await self._owed(_planned(seen.event, each, next(numbers)), each) for each in planned]
        why = _why(decision, decisions, seen.event)
        return RoutePlan(decision.route.name, _is_taken(decision), why, tuple(owed))

    async def _of_kept(
        self, decision: Decision, decisions: Sequence[Decision], seen: Seen, kept: Sequence[Delivery]
    ) -> RoutePlan:
        route, taken = decision.route, _is_taken(decision)
        why = _why(decision, decisions, seen.event) + self._doubt(route)
        mine = [delivery for delivery in kept if delivery.route == route.name]
        if not mine:
            told = "today it would be, when it came it was not" if taken else why
            return RoutePlan(route.name, taken=False, why=told)
        owed = [await self._owed(each, self._in_order(seen, route, each.target)) for each in mine]
        told = why if taken else f"taken when it came; today it would not be: {why}"
        return RoutePlan(route.name, taken=True, why=told, deliveries=tuple(owed))

    def _of_gone(self, kept: Sequence[Delivery]) -> Iterator[RoutePlan]:
        known = {route.name for route in self._parts.routes.all}
        for name in dict.fromkeys(each.route for each in kept if each.route not in known):
            why = "taken when it came; it is not in the file any more"
            yield RoutePlan(name, taken=True, why=UNUSABLE if name.startswith(OF_POLL) else why)

    def _in_order(self, seen: Seen, route: Route, target: str) -> Planned:
        program = self._parts.routes.orders.get(target)
        return Planned(route.name, target, order=None if program is None else order_key(seen, program))

    def _doubt(self, route: Route) -> str:
        """What is not known of a kept event."""
        shape = self._parts.blueprint.shapes.get(route.name)
        names = (route.when.names if route.when else frozenset()) | (shape.names if shape else frozenset())
        return " (its query is not known here)" if "query" in names else ""

    # a delivery

    async def _owed(self, delivery: Delivery, planned: Planned) -> Owed:
        owed = Owed(delivery.id, planned.target, planned.state, planned.reason, planned.order)
        if planned.state is not State.PENDING:
            return owed
        lane = self._lanes.get(planned.target)
        if lane is None:
            return replace(owed, reason=f"the file has no target {quoted(planned.target)}")
        if isinstance(lane.table.url, Secret) and lane.table.url.missing:
            return replace(owed, reason="its url is a credential of systemd's, not at hand here: try sudo")
        return await self._composed(owed, delivery, lane)

    async def _composed(self, owed: Owed, delivery: Delivery, lane: Lane) -> Owed:
        chosen = lane.composer.shape_of(delivery)
        needed = self._parts.enrichments.needed(chosen)
        asks = tuple(self._asked(each, delivery) for each in needed)
        owed = replace(owed, asks=asks)
        ends = [(each, one.end) for each, one in zip(needed, asks, strict=True) if one.end is not None]
        match together(ends):
            case NotYet(why):
                return replace(owed, reason=f"{why}: it would be asked again")
            case Answers(puts) if len(ends) < len(asks):
                return owed
            case Answers(puts):
                made = lane.composer.compose(delivery, chosen, puts)
            case outcome:
                made = outcome
        if not isinstance(made, Message):
            return _ended(owed, made)
        lane.add(made, self._clock.now())
        sent = lane.next_ready(FAR)
        assert sent is not None, "alone in its batch"
        found = await outgoing(lane.name, lane.table, sent, self._clock.now())
        return replace(owed, batch=lane.table.batch, outgoing=found)

    def _asked(self, enrichment: Enrichment, delivery: Delivery) -> Asked:
        api, answer = self._config.api[enrichment.config.api], self._answers.get(enrichment.name)
        return asked(enrichment, api, delivery, Seen(delivery.event), answer, self._clock.now())


def _planned(event: Event, planned: Planned, number: int) -> Delivery:
    name = f"{event.id}-{number}"
    return Delivery(
        name, name, planned.route, planned.target, 0, 0, event.received, event, shaped=planned.shaped
    )


def _as_shaped(kept: Sequence[Delivery], decisions: Sequence[Decision]) -> list[Delivery]:
    """Where `when` fails and `on_error` sends it, it goes as it came, whatever the route makes of others."""
    bare = {each.route.name for each in decisions if each.error is not None and _is_taken(each)}
    return [replace(each, shaped=Shaped.BARE) if each.route in bare else each for each in kept]


def _ended(owed: Owed, outcome: Outcome) -> Owed:
    assert isinstance(outcome, Dead | Skipped), "nothing was tried"
    state = State.DEAD if isinstance(outcome, Dead) else State.SKIPPED
    return replace(owed, state=state, reason=outcome.reason)


# why


def _is_taken(decision: Decision) -> bool:
    """Whether something of it goes out, or is tried to."""
    return decision.takes or (decision.error is not None and decision.route.on_error == "send")


def _plans(decision: Decision) -> bool:
    return decision.takes or decision.error is not None


def _why(decision: Decision, decisions: Sequence[Decision], event: Event) -> str:
    route = decision.route
    if decision.error is not None:
        return f"when failed: {decision.error}: {FAILED[route.on_error]}"
    if decision.takes:
        return "taken"
    if not route.takes(event.source):
        return f"from does not match: {listed(route.sources)}"
    others = [each.route.name for each in decisions if _plans(each) and not each.route.unrouted]
    if route.unrouted and others:
        return f"unrouted: {listed(others)} {'takes' if len(others) == 1 else 'take'} it"
    return "when is false"
