"""Reaching into values: variables, `a.b`, `a[b]`, `has()`, and their optional forms."""

from typing import Any

from relay.expression.errors import ErrorValue
from relay.expression.frame import Closure, Frame
from relay.expression.values import (
    KEYS,
    NONE,
    NUMBERS,
    Optional,
    as_key,
    decimal,
    no_overload,
    type_name,
)


def variable(name: str) -> Closure:
    """A variable, looked up only here: the mapping may compute it on demand."""

    def run(frame: Frame) -> Any:
        try:
            return frame.variables[name]
        except KeyError:
            raise ErrorValue(f"no value for {name}") from None

    return run


def select(operand: Closure, field: str) -> Closure:
    """`operand.field`."""

    def run(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is dict:
            try:
                return value[field]
            except KeyError:
                raise ErrorValue(f"no such key: {field}") from None
        if type(value) is Optional:
            return select_optional(frame, value, field)
        raise ErrorValue(f"no such key: {field} of {type_name(value)}")

    return run


def has(operand: Closure, field: str) -> Closure:
    """`has(operand.field)`."""

    def run(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is Optional:
            if not value.present:
                return False
            value = value.value
        if type(value) is dict:
            return field in value
        raise ErrorValue(f"no such key: {field} of {type_name(value)}")

    return run


def select_optional(_frame: Frame, value: Any, field: str) -> Any:
    """`value.?field`: none where there is no such key, an error where there is no map."""
    if type(value) is Optional:
        if not value.present:
            return NONE
        value = value.value
    if type(value) is dict:
        return Optional(value[field]) if field in value else NONE
    raise ErrorValue(f"no such key: {field} of {type_name(value)}")


def index(frame: Frame, value: Any, key: Any) -> Any:
    """`value[key]`: an element of a list by its place, or what a map holds under a key."""
    if type(value) is dict:
        if type(key) is str:
            frame.search(len(key))
        elif type(key) is not bool and type(key) not in NUMBERS:
            raise no_overload("_[_]", value, key)
        try:
            return value[as_key(key)]
        except KeyError:
            raise ErrorValue(f"no such key: {shown(key)}") from None
    if type(value) is list:
        return value[place(value, key)]
    if type(value) is Optional:
        return index_optional(frame, value, key)
    raise no_overload("_[_]", value, key)


def index_text(operand: Closure, key: str) -> Closure:
    """`operand["key"]`."""

    def run(frame: Frame) -> Any:
        value = operand(frame)
        if type(value) is dict and key in value:
            return value[key]
        return index(frame, value, key)

    return run


def index_optional(frame: Frame, value: Any, key: Any) -> Any:
    """`value[?key]`: none where nothing is there, of a map also under what cannot be a key."""
    if type(value) is Optional:
        if not value.present:
            return NONE
        value = value.value
    if type(value) is list:
        return Optional(value[place(value, key)]) if in_range(value, key) else NONE
    if type(value) is dict:
        known = type(key) in KEYS or type(key) is float
        return Optional(index(frame, value, key)) if known and as_key(key) in value else NONE
    raise no_overload("_[?_]", value, key)


def in_range(value: list[Any], key: Any) -> bool:
    """Whether a list has such a place, which only an int can ask for."""
    if type(key) is not int:
        raise no_overload("_[?_]", value, key)
    return bool(0 <= key < len(value))


def place(value: list[Any], key: Any) -> int:
    """The place that a number means in a list; a double must be whole."""
    if type(key) not in NUMBERS:
        raise no_overload("_[_]", value, key)
    if not 0 <= key < len(value):
        raise ErrorValue(f"index out of bounds: {shown(key)}")
    if key != int(key):
        raise ErrorValue(f"no such index: {shown(key)}")
    return int(key)


def shown(key: Any) -> str:
    """A key for a message, at a length that can be read."""
    text = key if type(key) is str else decimal(key) if type(key) is int else str(as_key(key))
    return text if len(text) <= 80 else f"{text[:80]}…"
