"""From a value to JSON: always the same bytes for the same value."""

import base64
import json
import math
from collections.abc import Callable
from typing import Any, Final

import orjson

from relay.expression.errors import ErrorValue, ExpressionError
from relay.expression.frame import MADE, Frame, deeper
from relay.expression.times import rfc3339, seconds_text
from relay.expression.values import BoolKey, Duration, Timestamp, UInt, type_name

PLAIN: Final = frozenset({type(None), bool, int})
"""Kinds that JSON has as they are."""


def to_json(frame: Frame, value: Any, depth: int = 0) -> Any:
    """A fresh JSON value: what `orjson.loads` could have given, keys as text."""
    kind = type(value)
    if kind is str:
        frame.make(len(value))
        return value
    if kind in PLAIN:
        return value
    if kind is dict:
        return _to_map(frame, value, deeper(depth))
    if kind is list:
        return _to_list(frame, value, deeper(depth))
    convert = _CONVERT.get(kind)
    if convert is None:
        raise ErrorValue(f"{type_name(value)} has no JSON")
    return convert(frame, value)


def _to_list(frame: Frame, value: list[Any], depth: int) -> list[Any]:
    frame.charge(len(value))
    return [item if type(item) in PLAIN else to_json(frame, item, depth) for item in value]


def _to_map(frame: Frame, value: dict[Any, Any], depth: int) -> dict[str, Any]:
    frame.charge(2 * len(value))
    made: dict[str, Any] = {}
    text = 0
    for key, item in value.items():
        name = key if type(key) is str else _name(key)
        if name in made:
            raise ErrorValue(f"two keys that are {name} as text")
        text += len(name)
        kind = type(item)
        if kind is str:
            text += len(item)
        elif kind not in PLAIN:
            item = to_json(frame, item, depth)  # noqa: PLW2901 (this loop is where transforms spend their time)
        made[name] = item
    frame.charge(text >> MADE)
    return made


def _name(key: Any) -> str:
    if type(key) in {int, UInt} and key.bit_length() <= 64:
        return str(int(key))
    if type(key) is BoolKey:
        return str(key)
    raise ErrorValue(f"{type_name(key)} is no key of a JSON object")


def _double(_frame: Frame, value: float) -> float:
    if math.isfinite(value):
        return value
    raise ErrorValue(f"{value} has no JSON")


def _bytes(frame: Frame, value: bytes) -> str:
    frame.make(2 * len(value))
    return base64.b64encode(value).decode()


_CONVERT: Final[dict[type, Callable[[Frame, Any], Any]]] = {
    UInt: lambda _, value: int(value),
    float: _double,
    bytes: _bytes,
    Timestamp: lambda _, value: rfc3339(value),
    Duration: lambda _, value: seconds_text(value),
}


def dumps(value: Any) -> bytes:
    """A JSON value as compact UTF-8 with sorted keys; ints are exact, whatever their size."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # an int beyond 64 bits, which orjson does not write
        pass
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(f"no JSON: {error}") from None
