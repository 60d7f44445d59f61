"""Truth: `&&`, `||`, `?:`, `==`, `!=`. Only a real bool decides, and a decision wins over an error."""

from typing import Any

from relay.expression.compare import equal
from relay.expression.errors import ErrorValue
from relay.expression.frame import Closure, Frame
from relay.expression.values import no_overload

SHORT = 128
"""Texts below this are compared without a charge."""


def both(left: Closure, right: Closure) -> Closure:
    """`left && right`: false if either is, whatever the other is."""
    return _junction("_&&_", left, right, decides=False)


def either(left: Closure, right: Closure) -> Closure:
    """`left || right`: true if either is, whatever the other is."""
    return _junction("_||_", left, right, decides=True)


def _junction(name: str, left: Closure, right: Closure, *, decides: bool) -> Closure:
    def run(frame: Frame) -> Any:
        try:
            value = left(frame)
        except ErrorValue as error:
            return undecided(frame, error)
        if value is decides:
            return decides
        if type(value) is not bool:
            return undecided(frame, no_overload(name, value))
        value = right(frame)
        if type(value) is not bool:
            raise no_overload(name, value)
        return value

    def undecided(frame: Frame, error: ErrorValue) -> Any:
        """The left side has no answer: only a deciding right side has one."""
        if right(frame) is decides:
            return decides
        raise error

    return run


def choice(condition: Closure, yes: Closure, no: Closure) -> Closure:
    """`condition ? yes : no`."""

    def run(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return yes(frame)
        if value is False:
            return no(frame)
        raise no_overload("_?_:_", value)

    return run


def not_strictly_false(operand: Closure) -> Closure:
    """False only where the operand is; an error is not."""

    def run(frame: Frame) -> Any:
        try:
            return operand(frame) is not False
        except ErrorValue:
            return True

    return run


def negation(_frame: Frame, value: Any) -> Any:
    """`!value`."""
    if type(value) is not bool:
        raise no_overload("!_", value)
    return not value


def equals(left: Closure, right: Closure) -> Closure:
    """`left == right`."""

    def run(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if type(a) is str and type(b) is str and len(b) < SHORT:
            return a == b
        return equal(frame, a, b)

    return run


def equals_text(left: Closure, text: str) -> Closure:
    """`left == "text"`, the most common of tests."""

    def run(frame: Frame) -> Any:
        value = left(frame)
        return value == text if type(value) is str else equal(frame, value, text)

    return run


def differs_from_text(left: Closure, text: str) -> Closure:
    """`left != "text"`."""
    same = equals_text(left, text)
    return lambda frame: not same(frame)


def differs(left: Closure, right: Closure) -> Closure:
    """`left != right`."""
    same = equals(left, right)
    return lambda frame: not same(frame)
