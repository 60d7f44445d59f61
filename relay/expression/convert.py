"""Conversions: `int() uint() double() string() bytes() bool() timestamp() duration() type()`."""

import math
import re
from collections.abc import Callable
from typing import Any, Final

from relay.expression.arithmetic import integer, unsigned
from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.times import SECOND, parse_duration, parse_timestamp, rfc3339, seconds_text
from relay.expression.values import (
    INT_MAX,
    TYPE_NAMES,
    TYPES,
    UINT_MAX,
    Duration,
    Timestamp,
    TypeValue,
    UInt,
    decimal,
    no_overload,
    timestamp_of,
)

_DIGITS: Final = re.compile(r"[+-]?[0-9]{1,40}")
_DOUBLE: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE
)
_LONGEST: Final = 400
"""No number is written with more characters."""
_BOOLS: Final = dict.fromkeys(("1", "t", "true", "TRUE", "True"), True) | dict.fromkeys(
    ("0", "f", "false", "FALSE", "False"), False
)
_BIG: Final = 2.0**63
Conversions = dict[type, Callable[[Frame, Any], Any]]


def _conversion(name: str, kinds: Conversions) -> Function:
    """A function that takes these types and no others."""

    def run(frame: Frame, value: Any) -> Any:
        convert = kinds.get(type(value))
        if convert is None:
            raise no_overload(name, value)
        return convert(frame, value)

    return run


def same(_frame: Frame, value: Any) -> Any:
    """A value that is of the type already."""
    return value


def digits(name: str, text: str) -> int:
    """The number of a text of decimal digits."""
    if _DIGITS.fullmatch(text) is None:
        raise ErrorValue(f"{name}() of a text that is no number")
    return int(text)


def int_of_double(_frame: Frame, value: float) -> int:
    """Cut off towards zero; neither end of the range can be told from what is beyond it."""
    if -_BIG < value < _BIG:
        return int(value)
    raise ErrorValue("integer overflow")


def uint_of_double(_frame: Frame, value: float) -> UInt:
    """Cut off towards zero."""
    if 0 <= value < 2 * _BIG:
        return UInt(value)
    raise ErrorValue("unsigned integer overflow")


def uint_of_text(_frame: Frame, value: str) -> UInt:
    """A number without a minus."""
    if value.startswith("-"):
        raise ErrorValue("uint() of a text that is no number")
    return unsigned(digits("uint", value))


def double_of_int(_frame: Frame, value: int) -> float:
    """The nearest double; beyond 64 bits there is none to be had."""
    if -INT_MAX - 1 <= value <= UINT_MAX:
        return float(value)
    raise ErrorValue("integer overflow")


def double_of_text(_frame: Frame, value: str) -> float:
    """A decimal number, `inf` or `nan` in any case."""
    if len(value) > _LONGEST or _DOUBLE.fullmatch(value) is None:
        raise ErrorValue("double() of a text that is no number")
    return float(value)


def double_text(value: float) -> str:
    """As few digits as tell it from any other; with an exponent below 1e-4 and from 1e6 on."""
    if not math.isfinite(value):
        return str(value)
    shortest = repr(value).partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    places = max(len(shortest) - 1, 0)
    scientific = f"{value:.{places}e}"
    exponent = int(scientific.partition("e")[2])
    if -5 < exponent < 6:
        return f"{value:.{max(places - exponent, 0)}f}"
    return scientific


def text_of_bytes(frame: Frame, value: bytes) -> str:
    """The text that the bytes are in UTF-8."""
    frame.make(len(value))
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ErrorValue("string() of bytes that are no UTF-8") from None


def bytes_of_text(frame: Frame, value: str) -> bytes:
    """The text in UTF-8."""
    frame.make(len(value))
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ErrorValue("a text with half a character") from None


def bool_of_text(_frame: Frame, value: str) -> bool:
    """`true`, `True`, `TRUE`, `t`, `1` and their opposites."""
    if value in _BOOLS:
        return _BOOLS[value]
    raise ErrorValue("bool() of a text that is none")


def type_of(_frame: Frame, value: Any) -> TypeValue:
    """`type(value)`."""
    if type(value) not in TYPE_NAMES:
        raise no_overload("type", value)
    return TYPES[TYPE_NAMES[type(value)]]


_INT: Final[Conversions] = {
    int: lambda _, value: integer(value),
    UInt: lambda _, value: integer(int(value)),
    float: int_of_double,
    str: lambda _, value: integer(digits("int", value)),
    Timestamp: lambda _, value: value.nanos // SECOND,
}
_UINT: Final[Conversions] = {
    int: lambda _, value: unsigned(value),
    UInt: same,
    float: uint_of_double,
    str: uint_of_text,
}
_DOUBLES: Final[Conversions] = {
    int: double_of_int,
    UInt: double_of_int,
    float: same,
    str: double_of_text,
}
_STRING: Final[Conversions] = {
    str: same,
    bool: lambda _, value: "true" if value else "false",
    int: lambda _, value: decimal(value),
    UInt: lambda _, value: decimal(value),
    float: lambda _, value: double_text(value),
    bytes: text_of_bytes,
    Timestamp: lambda _, value: rfc3339(value),
    Duration: lambda _, value: seconds_text(value),
}
_TIMESTAMP: Final[Conversions] = {
    Timestamp: same,
    int: lambda _, value: timestamp_of(value * SECOND),
    str: lambda _, value: parse_timestamp(value),
}
_DURATION: Final[Conversions] = {Duration: same, str: lambda _, value: parse_duration(value)}

CONVERSIONS: Final[dict[str, Function]] = {
    "int": _conversion("int", _INT),
    "uint": _conversion("uint", _UINT),
    "double": _conversion("double", _DOUBLES),
    "string": _conversion("string", _STRING),
    "bytes": _conversion("bytes", {bytes: same, str: bytes_of_text}),
    "bool": _conversion("bool", {bool: same, str: bool_of_text}),
    "timestamp": _conversion("timestamp", _TIMESTAMP),
    "duration": _conversion("duration", _DURATION),
    "type": type_of,
}
