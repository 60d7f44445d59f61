"""Equality, order and membership, by the types' own rules rather than Python's."""

import operator
from collections.abc import Callable
from typing import Any, Final

from relay.expression.frame import Frame, Function, deeper
from relay.expression.values import (
    NUMBERS,
    TYPE_NAMES,
    Duration,
    Optional,
    Timestamp,
    TypeValue,
    as_key,
    no_overload,
)

PLAIN: Final = frozenset({type(None), bool, Timestamp, Duration, TypeValue})
"""Kinds that are equal where Python says so."""
ORDERED: Final = frozenset({bool, str, bytes, Timestamp, Duration})
"""Kinds that have an order among themselves; numbers have one across theirs."""


def equal(frame: Frame, a: Any, b: Any, depth: int = 0) -> bool:
    """`a == b`: numbers by value across types, other types never equal; what is compared is charged for."""
    kind, other = type(a), type(b)
    if kind is other:
        if kind is str or kind is bytes:
            return _same_text(frame, a, b)
        if kind in PLAIN or kind in NUMBERS:
            return bool(a == b)
        if kind in _NESTED:
            return _NESTED[kind](frame, a, b, depth)
    elif kind in NUMBERS and other in NUMBERS:
        return bool(a == b)
    if kind in TYPE_NAMES and other in TYPE_NAMES:
        return False
    raise no_overload("_==_", a, b)


def _same_text(frame: Frame, a: Any, b: Any) -> bool:
    if len(a) != len(b):
        return False
    frame.search(len(a))
    return bool(a == b)


def _same_list(frame: Frame, a: list[Any], b: list[Any], depth: int) -> bool:
    if len(a) != len(b):
        return False
    frame.charge(len(a))
    depth = deeper(depth)
    # loops, for each generator would be one more level of Python's stack
    for x, y in zip(a, b, strict=True):  # noqa: SIM110
        if not equal(frame, x, y, depth):
            return False
    return True


def _same_map(frame: Frame, a: dict[Any, Any], b: dict[Any, Any], depth: int) -> bool:
    if len(a) != len(b):
        return False
    frame.charge(len(a))
    depth = deeper(depth)
    for key, value in a.items():  # noqa: SIM110
        if key not in b or not equal(frame, value, b[key], depth):
            return False
    return True


def _same_optional(frame: Frame, a: Optional, b: Optional, depth: int) -> bool:
    if not (a.present and b.present):
        return a.present == b.present
    return equal(frame, a.value, b.value, deeper(depth))


_NESTED: Final[dict[type, Callable[[Frame, Any, Any, int], bool]]] = {
    list: _same_list,
    dict: _same_map,
    Optional: _same_optional,
}


def _comparison(name: str, compare: Callable[[Any, Any], bool]) -> Function:
    def run(frame: Frame, a: Any, b: Any) -> bool:
        kind, other = type(a), type(b)
        if kind in NUMBERS and other in NUMBERS:
            return compare(a, b)
        if kind is not other or kind not in ORDERED:
            raise no_overload(name, a, b)
        if kind is str or kind is bytes:
            frame.search(min(len(a), len(b)))
        return compare(a, b)

    return run


less = _comparison("_<_", operator.lt)
less_equal = _comparison("_<=_", operator.le)
greater = _comparison("_>_", operator.gt)
greater_equal = _comparison("_>=_", operator.ge)


def contained(frame: Frame, value: Any, container: Any) -> bool:
    """`value in container`: an element of a list, or a key of a map."""
    if type(value) not in TYPE_NAMES:
        raise no_overload("@in", value, container)
    if type(container) is list:
        frame.charge(len(container))
        if type(value) is str:
            return _text_in(frame, value, container)
        return any(equal(frame, value, element) for element in container)
    if type(container) is dict:
        return _key_in(frame, value, container)
    raise no_overload("@in", value, container)


def _text_in(frame: Frame, value: str, container: list[Any]) -> bool:
    frame.search(len(value) * len(container))
    for element in container:
        if type(element) is str:
            if element == value:
                return True
        else:
            equal(frame, value, element)
    return False


def _key_in(frame: Frame, value: Any, container: dict[Any, Any]) -> bool:
    if type(value) is str:
        frame.search(len(value))
    elif type(value) is not bool and type(value) not in NUMBERS:
        raise no_overload("@in", value, container)
    return as_key(value) in container
