"""The library's own run time, with its faults kept away: never a null through `value()`, never a NUL."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cel_expr_python import cel

from relay.expression.checker import extensions
from relay.expression.values import BoolKey, Duration, Optional, Timestamp, TypeValue, UInt

FAILED: Final = "an error"
UNTOLD: Final = "a value that the library cannot hand out"
ODD: Final = {"NULL": None, "ERROR": FAILED, "TYPE": "a type"}
CONVERT: Final[dict[type, Any]] = {bytearray: bytes}
OURS: Final[dict[type, Any]] = {
    Timestamp: lambda value: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value.nanos // 1_000),
    Duration: lambda value: timedelta(microseconds=value.nanos // 1_000),
    TypeValue: lambda _: "a type",
    Optional: lambda _: UNTOLD,
}


class Oracle:
    """Evaluates texts over one variable, `body`."""

    def __init__(self) -> None:
        self.env = cel.NewEnv(variables={"body": cel.Type.DYN}, extensions=extensions())

    def value(self, text: str, body: Any) -> Any:
        """A plain value, FAILED or UNTOLD."""
        try:
            return plain(self.env.compile(text).eval(data={"body": body}))
        except TypeError:
            return UNTOLD
        except RuntimeError:
            return FAILED


def plain(value: Any) -> Any:
    """A value of the library as Python's own; it would lose a reference to None with each null."""
    kind = value.type().name()
    if kind in ODD:
        return ODD[kind]
    inner = value.value()
    if isinstance(inner, list):
        return [plain(item) for item in inner]
    if isinstance(inner, dict):
        return {key: plain(item) for key, item in inner.items()}
    convert = CONVERT.get(type(inner))
    return UInt(inner) if kind == "UINT" else convert(inner) if convert else inner


def as_library(value: Any) -> Any:
    """A value of ours as `plain` would give it: times in microseconds."""
    if isinstance(value, list):
        return [as_library(item) for item in value]
    if isinstance(value, dict):
        return {key.value if isinstance(key, BoolKey) else key: as_library(value[key]) for key in value}
    convert = OURS.get(type(value))
    return convert(value) if convert else value


def agree(ours: Any, theirs: Any) -> bool:
    """Whether two values are the same; the order of a list may come from a map, where theirs is random."""
    if UNTOLD in (ours, theirs):
        return True
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, float):
        return (math.isnan(ours) and math.isnan(theirs)) or (
            ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs)
        )
    if isinstance(ours, list):
        return len(ours) == len(theirs) and (
            all(map(agree, ours, theirs)) or all(any(agree(a, b) for b in theirs) for a in ours)
        )
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(agree(ours[key], theirs[key]) for key in ours)
    return bool(ours == theirs)
