"""Loops: `map`, `filter`, `exists`, `all`, `exists_one`, any other fold as it stands, and `cel.bind`.

A loop charges for each step what its body weighs, so that what is nested multiplies.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Closure, Frame
from relay.expression.shapes import Shape
from relay.expression.values import keys_of, no_overload


def elements(value: Any) -> list[Any]:
    """What a loop goes over: the elements of a list, the keys of a map."""
    if type(value) is list:
        return value
    if type(value) is dict:
        return keys_of(value)
    raise no_overload("loop", value)


def mapped(over: Closure, bodies: Sequence[Closure], slot: int, cost: int) -> Closure:
    """`over.map(slot, body)`."""
    (body,) = bodies

    def run(frame: Frame) -> Any:
        items = elements(over(frame))
        frame.charge(len(items) * cost)
        slots = frame.slots
        made = []
        for item in items:
            slots[slot] = item
            made.append(body(frame))
        return made

    return run


def filtered(over: Closure, bodies: Sequence[Closure], slot: int, cost: int) -> Closure:
    """`over.filter(slot, test)`, and `over.map(slot, test, body)`."""
    test, body = bodies

    def run(frame: Frame) -> Any:
        items = elements(over(frame))
        frame.charge(len(items) * cost)
        slots = frame.slots
        made = []
        for item in items:
            slots[slot] = item
            if truth(test(frame)):
                made.append(body(frame))
        return made

    return run


def exists(over: Closure, bodies: Sequence[Closure], slot: int, cost: int) -> Closure:
    """`over.exists(slot, test)`: true if it is for one element, even where it fails for others."""
    return _quantifier(over, bodies, slot, cost, decides=True)


def every(over: Closure, bodies: Sequence[Closure], slot: int, cost: int) -> Closure:
    """`over.all(slot, test)`: false if it is for one element, even where it fails for others."""
    return _quantifier(over, bodies, slot, cost, decides=False)


def _quantifier(over: Closure, bodies: Sequence[Closure], slot: int, cost: int, *, decides: bool) -> Closure:
    (test,) = bodies
    goes_on = not decides

    def run(frame: Frame) -> Any:
        failure: ErrorValue | None = None
        slots = frame.slots
        for item in elements(over(frame)):
            # the innermost loop of most filters: `frame.charge` and `truth` without their calls
            frame.left -= cost
            if frame.left < 0:
                frame.charge(0)
            slots[slot] = item
            try:
                value = test(frame)
                if value is decides:
                    return decides
                if value is not goes_on:
                    raise no_overload("predicate", value)
            except ErrorValue as error:
                failure = failure or error.with_traceback(None)
        if failure is not None:
            raise failure
        return goes_on

    return run


def exists_one(over: Closure, bodies: Sequence[Closure], slot: int, cost: int) -> Closure:
    """`over.exists_one(slot, test)`: whether it is true for exactly one element."""
    (test,) = bodies

    def run(frame: Frame) -> Any:
        count = 0
        slots = frame.slots
        for item in elements(over(frame)):
            frame.charge(cost)
            slots[slot] = item
            count += truth(test(frame))
        return count == 1

    return run


def truth(value: Any) -> bool:
    """A predicate's answer, which must be a bool."""
    if type(value) is not bool:
        raise no_overload("predicate", value)
    return value


LOOPS: Final[dict[Shape, Callable[[Closure, Sequence[Closure], int, int], Closure]]] = {
    Shape.MAP: mapped,
    Shape.FILTER: filtered,
    Shape.EXISTS: exists,
    Shape.ALL: every,
    Shape.EXISTS_ONE: exists_one,
}


def fold(
    over: Closure, start: Closure, bodies: Sequence[Closure], slots: tuple[int, int], cost: int
) -> Closure:
    """Any fold: the second slot goes from `start` by the step while the condition holds, to the result."""
    condition, step, result = bodies
    variable, accumulator = slots

    def run(frame: Frame) -> Any:
        items = elements(over(frame))
        frame.slots[accumulator] = start(frame)
        for item in items:
            frame.charge(cost)
            frame.slots[variable] = item
            if not truth(condition(frame)):
                break
            frame.slots[accumulator] = step(frame)
        return result(frame)

    return run


PENDING: Final = object()
"""What a bound name holds until it is first asked for."""


def bind(slot: int, result: Closure) -> Closure:
    """`cel.bind(slot, …, result)`; what is bound is evaluated by `lazy`, if at all."""

    def run(frame: Frame) -> Any:
        frame.slots[slot] = PENDING
        return result(frame)

    return run


def lazy(slot: int, start: Closure) -> Closure:
    """A bound name: evaluated at its first use, once, an error too."""

    def run(frame: Frame) -> Any:
        value = frame.slots[slot]
        if value is PENDING:
            try:
                value = start(frame)
            except ErrorValue as error:
                value = error.with_traceback(None)
            frame.slots[slot] = value
        if type(value) is ErrorValue:
            raise value.with_traceback(None)
        return value

    return run
