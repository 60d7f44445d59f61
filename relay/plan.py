"""What an event is owed: each filter is asked once, at the moment of acceptance. Pure.

Filters run on what strangers send, while a sender waits. So what all filters of one event may cost together
is bounded: first each gets a fair share, which is more than a plain one ever needs; those that want more
share a second helping. Who then has no answer has failed, and harms no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from relay.delivery import Shaped, State
from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.expression.frame import BUDGET
from relay.route import Candidates, Planned, Route, Routes, pending
from relay.seen import Seen
from relay.template import Unfit, as_text

QUICK: Final = 20_000
"""Steps that all filters of an event may cost on the loop: some 8 ms at the very worst."""
QUICK_BODY: Final = 64 << 10
"""A longer body is not read on the loop."""
FAIR: Final = BUDGET
"""Steps of all first shares together; some 0.2 s at the very worst."""
LEAST: Final = 1_000
"""Steps of a share at least."""
SECOND: Final = 2 * BUDGET
"""Steps of all second helpings together."""
QUICK_LEAST: Final = 200
"""With less for each of them on the loop it is not tried there."""
TOO_MUCH: Final = "it is too much work"
REASON: Final = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a route makes of an event."""

    route: Route
    takes: bool
    error: str | None = None
    """Why its filter could not say."""


_Decide: TypeAlias = Callable[[Seen, Sequence[Route]], list[Decision]]


class _TooMuch(Exception):
    """It cannot be said on the loop."""


def plan(seen: Seen, routes: Routes) -> tuple[Planned, ...]:
    """The deliveries that an event is owed. It may take 0.6 s, on a hostile body."""
    candidates = routes.of(seen.event.source)
    return candidates.certain if candidates.certain is not None else _owed(seen, candidates, _decided)


def plan_quickly(seen: Seen, routes: Routes) -> tuple[Planned, ...] | None:
    """The same, where that takes a moment only; None: ask `plan`, on a thread."""
    candidates = routes.of(seen.event.source)
    if candidates.certain is not None:
        return candidates.certain
    if candidates.reads_body and len(seen.event.body) > QUICK_BODY:
        return None
    try:
        return _owed(seen, candidates, _decided_quickly)
    except _TooMuch:
        return None


def decide(seen: Seen, routes: Routes) -> list[Decision]:
    """What each route of the file makes of an event, for people: those that do not take its source, too."""
    candidates = routes.of(seen.event.source)
    first = _decided(seen, candidates.first)
    last = [] if any(map(_plans, first)) else _decided(seen, candidates.last)
    made = {decision.route.name: decision for decision in (*first, *last)}
    return [made.get(route.name, Decision(route, takes=False)) for route in routes.all]


def owed_by(seen: Seen, routes: Routes, decision: Decision) -> tuple[Planned, ...]:
    """What one decision comes to."""
    return _ordered(seen, routes.of(seen.event.source), _planned(decision))


def _owed(seen: Seen, candidates: Candidates, decided: _Decide) -> tuple[Planned, ...]:
    decisions = decided(seen, candidates.first)
    if candidates.last and not any(map(_plans, decisions)):
        decisions = decided(seen, candidates.last)
    if any(decision.error is not None for decision in decisions):
        owed = tuple(planned for decision in decisions for planned in _planned(decision))
    else:
        owed = candidates.owed(tuple(decision.route for decision in decisions if decision.takes))
    return _ordered(seen, candidates, owed) if candidates.orders else owed


def _plans(decision: Decision) -> bool:
    return decision.takes or decision.error is not None


def _planned(decision: Decision) -> tuple[Planned, ...]:
    route = decision.route
    if decision.error is None:
        return tuple(pending(route, target) for target in route.targets) if decision.takes else ()
    if route.on_error == "send":
        return tuple(Planned(route.name, target, shaped=Shaped.BARE) for target in route.targets)
    state = State.DEAD if route.on_error == "dead" else State.SKIPPED
    reason = f"when: {decision.error}"[:REASON]
    return tuple(Planned(route.name, target, state, reason) for target in route.targets)


def _ordered(seen: Seen, candidates: Candidates, owed: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """`owed`, with the key of each by its target's `ordered_by`."""
    orders = {target: order_key(seen, program) for target, program in candidates.orders.items()}
    return tuple(
        replace(each, order=orders.get(each.target)) if each.state is State.PENDING else each for each in owed
    )


def order_key(seen: Seen, program: Program) -> str | None:
    """The key of an event in the order of a target; None where it is null, or cannot be said: no order."""
    try:
        value = program.given(seen, LEAST)
        return None if value is None else as_text(value)
    except (ExpressionError, Unfit):
        return None


# filters


def _decided_quickly(seen: Seen, routes: Sequence[Route]) -> list[Decision]:
    filters = sum(route.when is not None for route in routes)
    share = QUICK // max(1, filters)
    if share < QUICK_LEAST:
        raise _TooMuch
    decisions = [_ask(seen, route, share) for route in routes]
    if None in decisions:
        raise _TooMuch
    return [decision for decision in decisions if decision is not None]


def _decided(seen: Seen, routes: Sequence[Route]) -> list[Decision]:
    share = max(LEAST, FAIR // max(1, len(routes)))
    decisions = [_ask(seen, route, share) for route in routes]
    left = decisions.count(None)
    if left:
        helping = min(BUDGET, SECOND // left)
        decisions = [
            decision or _ask(seen, route, helping) for route, decision in zip(routes, decisions, strict=True)
        ]
    return [
        decision or Decision(route, takes=False, error=TOO_MUCH)
        for route, decision in zip(routes, decisions, strict=True)
    ]


def _ask(seen: Seen, route: Route, budget: int) -> Decision | None:
    """None: it is more work than that."""
    if route.when is None:
        return Decision(route, takes=True)
    try:
        return Decision(route, takes=route.when.holds(seen, budget))
    except ExpressionError as error:
        return None if error.exhausted else Decision(route, takes=False, error=str(error))
