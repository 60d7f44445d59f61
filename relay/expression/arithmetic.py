"""`+ - * / %` and unary minus: like with like, within 64 bits, never a bool."""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    Duration,
    Timestamp,
    UInt,
    no_overload,
    timestamp_of,
)

Pairs = dict[tuple[type, type], Function]


def integer(value: int) -> int:
    """An int of 64 bits, or the error of one that is not."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise ErrorValue("integer overflow")


def unsigned(value: int) -> UInt:
    """An unsigned int of 64 bits, or the error of one that is not."""
    if 0 <= value <= UINT_MAX:
        return UInt(value)
    raise ErrorValue("unsigned integer overflow")


def quotient(a: int, b: int) -> int:
    """Towards zero, where Python's is towards minus infinity."""
    if b == 0:
        raise ErrorValue("divide by zero")
    whole = abs(a) // abs(b)
    return whole if (a < 0) == (b < 0) else -whole


def remainder(a: int, b: int) -> int:
    """With the sign of `a`; where the quotient overflows, this does too."""
    if b == 0:
        raise ErrorValue("modulus by zero")
    return a - b * integer(quotient(a, b))


def unsigned_remainder(a: int, b: int) -> int:
    """What is left of `a`."""
    if b == 0:
        raise ErrorValue("modulus by zero")
    return a % b


def ratio(a: float, b: float) -> float:
    """As IEEE 754 has it: divided by zero it is infinite, or no number."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def join_text(frame: Frame, a: Any, b: Any) -> Any:
    """Two strings, or bytes, in one."""
    frame.make(len(a) + len(b))
    return a + b


def join_list(frame: Frame, a: list[Any], b: list[Any]) -> list[Any]:
    """Two lists in one."""
    frame.charge(len(a) + len(b))
    return a + b


def span_of(nanos: int) -> Duration:
    """A sum or a difference of times: it is counted in 64 bits, some 292 years."""
    return Duration(integer(nanos))


def _integers(operation: Callable[[int, int], int]) -> Function:
    return lambda _frame, a, b: integer(operation(integer(a), integer(b)))


def _unsigneds(operation: Callable[[int, int], int]) -> Function:
    return lambda _frame, a, b: unsigned(operation(int(a), int(b)))


def _doubles(operation: Callable[[float, float], float]) -> Function:
    return lambda _frame, a, b: operation(a, b)


def _times(make: Callable[[int], Timestamp | Duration], operation: Callable[[int, int], int]) -> Function:
    return lambda _frame, a, b: make(operation(a.nanos, b.nanos))


def _numbers(
    integers: Callable[[int, int], int],
    unsigneds: Callable[[int, int], int],
    doubles: Callable[[float, float], float] | None,
) -> Pairs:
    pairs: Pairs = {(int, int): _integers(integers), (UInt, UInt): _unsigneds(unsigneds)}
    return pairs if doubles is None else pairs | {(float, float): _doubles(doubles)}


def _operation(name: str, pairs: Pairs) -> Function:
    """An operator that takes these pairs of types and no others."""

    def run(frame: Frame, a: Any, b: Any) -> Any:
        function = pairs.get((type(a), type(b)))
        if function is None:
            raise no_overload(name, a, b)
        return function(frame, a, b)

    return run


_PLUS: Final[Pairs] = {
    (str, str): join_text,
    (bytes, bytes): join_text,
    (list, list): join_list,
    (Timestamp, Duration): _times(timestamp_of, operator.add),
    (Duration, Timestamp): _times(timestamp_of, operator.add),
    (Duration, Duration): _times(span_of, operator.add),
}
_MINUS: Final[Pairs] = {
    (Timestamp, Duration): _times(timestamp_of, operator.sub),
    (Timestamp, Timestamp): _times(span_of, operator.sub),
    (Duration, Duration): _times(span_of, operator.sub),
}

add = _operation("_+_", _PLUS | _numbers(operator.add, operator.add, operator.add))
subtract = _operation("_-_", _MINUS | _numbers(operator.sub, operator.sub, operator.sub))
multiply = _operation("_*_", _numbers(operator.mul, operator.mul, operator.mul))
divide = _operation("_/_", _numbers(quotient, quotient, ratio))
modulo = _operation("_%_", _numbers(remainder, unsigned_remainder, None))


def negate(_frame: Frame, value: Any) -> Any:
    """`-value`."""
    if type(value) is int:
        return integer(-integer(value))
    if type(value) is float:
        return -value
    raise no_overload("-_", value)
