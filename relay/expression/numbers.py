"""The `math` extension."""

import math
from collections.abc import Callable
from typing import Any, Final

from relay.expression.arithmetic import integer
from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.values import NUMBERS, UINT_MAX, UInt, no_overload

Operation = Callable[[Any], Any]


def _unary(name: str, kinds: dict[type, Operation]) -> Function:
    def run(_frame: Frame, value: Any) -> Any:
        operation = kinds.get(type(value))
        if operation is None:
            raise no_overload(name, value)
        return operation(value)

    return run


def _rounding(operation: Callable[[float], float]) -> dict[type, Operation]:
    """Of doubles: whole ones, infinite ones and NaN stay; a zero keeps the sign of what was rounded."""

    def run(value: float) -> float:
        return math.copysign(float(operation(value)), value) if math.isfinite(value) else value

    return {float: run}


def _half_away(value: float) -> float:
    """The nearest whole number, halves away from zero."""
    whole = math.floor(abs(value))
    return float(whole + (abs(value) - whole >= 0.5))


def _sign(value: Any) -> Any:
    """1, 0 or -1 of the same type; NaN of NaN."""
    return value if math.isnan(value) else type(value)((value > 0) - (value < 0))


def _root(value: Any) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _extreme(name: str, better: Callable[[Any, Any], bool]) -> Function:
    """The first of the greatest, or least, of two numbers, of one, or of a list of them."""

    def run(frame: Frame, *values: Any) -> Any:
        if len(values) == 1 and type(values[0]) is list:
            values = tuple(values[0])
            frame.charge(len(values))
        if not values or any(type(value) not in NUMBERS for value in values):
            raise no_overload(name, *values[:2])
        best = values[0]
        for value in values[1:]:
            if better(value, best):
                best = value
        return best

    return run


def _bits(name: str, operation: Callable[[int, int], int]) -> Function:
    """Of two ints, or two unsigned ones, within 64 bits."""

    def run(_frame: Frame, a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int:
            return operation(integer(a), integer(b))
        if type(a) is UInt and type(b) is UInt:
            return UInt(operation(int(a), int(b)))
        raise no_overload(name, a, b)

    return run


def _shift(name: str, operation: Callable[[int, int], int]) -> Function:
    """By at least 0 bits; the sign bit is shifted like any other."""

    def run(_frame: Frame, value: Any, places: Any) -> Any:
        if type(value) not in {int, UInt} or type(places) is not int:
            raise no_overload(name, value, places)
        if places < 0:
            raise ErrorValue(f"{name}() by less than 0")
        if type(value) is int:
            integer(value)
        shifted = 0 if places > 63 else operation(value & UINT_MAX, places) & UINT_MAX
        return UInt(shifted) if type(value) is UInt else shifted - (shifted >> 63 << 64)

    return run


def _same(value: Any) -> Any:
    return value


MATH: Final[dict[str, Function]] = {
    "math.@max": _extreme("math.greatest", lambda a, b: a > b),
    "math.@min": _extreme("math.least", lambda a, b: a < b),
    "math.ceil": _unary("math.ceil", _rounding(math.ceil)),
    "math.floor": _unary("math.floor", _rounding(math.floor)),
    "math.trunc": _unary("math.trunc", _rounding(math.trunc)),
    "math.round": _unary("math.round", _rounding(_half_away)),
    "math.abs": _unary(
        "math.abs", {int: lambda value: integer(abs(integer(value))), UInt: _same, float: math.fabs}
    ),
    "math.sign": _unary("math.sign", {int: lambda value: _sign(integer(value)), UInt: _sign, float: _sign}),
    "math.sqrt": _unary("math.sqrt", {int: lambda value: _root(integer(value)), UInt: _root, float: _root}),
    "math.isNaN": _unary("math.isNaN", {float: math.isnan}),
    "math.isInf": _unary("math.isInf", {float: math.isinf}),
    "math.isFinite": _unary("math.isFinite", {float: math.isfinite}),
    "math.bitAnd": _bits("math.bitAnd", lambda a, b: a & b),
    "math.bitOr": _bits("math.bitOr", lambda a, b: a | b),
    "math.bitXor": _bits("math.bitXor", lambda a, b: a ^ b),
    "math.bitNot": _unary(
        "math.bitNot", {int: lambda value: ~integer(value), UInt: lambda value: UInt(value ^ UINT_MAX)}
    ),
    "math.bitShiftLeft": _shift("math.bitShiftLeft", lambda value, places: value << places),
    "math.bitShiftRight": _shift("math.bitShiftRight", lambda value, places: value >> places),
}
