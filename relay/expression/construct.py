"""Lists and maps that an expression writes down."""

from collections.abc import Mapping, Sequence
from typing import Any

from relay.expression.access import shown
from relay.expression.errors import ErrorValue
from relay.expression.frame import Closure, Frame
from relay.expression.values import KEYS, Optional, as_key, no_overload, type_name


def listing(elements: Sequence[Closure], optional: frozenset[int]) -> Closure:
    """`[a, ?b]`: what is optional and not there is left out."""
    if not optional:
        return lambda frame: [element(frame) for element in elements]

    def run(frame: Frame) -> Any:
        made = []
        for place, element in enumerate(elements):
            value = element(frame)
            if place in optional:
                if not given(value):
                    continue
                value = value.value
            made.append(value)
        return made

    return run


def mapping(entries: Sequence[tuple[Closure, Closure, bool]]) -> Closure:
    """`{key: value, ?other: value}`: a key may come once."""

    def run(frame: Frame) -> Any:
        made: dict[Any, Any] = {}
        for key, content, optional in entries:
            name, value = key(frame), content(frame)
            if type(name) is not str:
                name = key_of(name)
            if optional:
                if not given(value):
                    continue
                value = value.value
            if name in made:
                raise ErrorValue(f"the key {shown(name)} comes twice")
            made[name] = value
        return made

    return run


def record(entries: Mapping[str, Closure]) -> Closure:
    """`{"key": value}`: a map of which all keys are known, and there."""
    pairs = tuple(entries.items())

    def run(frame: Frame) -> Any:
        made = {}
        for name, content in pairs:
            made[name] = content(frame)
        return made

    return run


def key_of(value: Any) -> Any:
    """A value as the key of a map; only some may be."""
    if type(value) not in KEYS:
        raise ErrorValue(f"{type_name(value)} is no key of a map")
    return as_key(value)


def given(value: Any) -> bool:
    """Whether an optional entry is there; it must be an optional."""
    if type(value) is not Optional:
        raise no_overload("?_", value)
    return value.present
