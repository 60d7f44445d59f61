"""The values of expressions: what `orjson.loads` gives, and the few kinds of CEL that Python has not.

CEL's null, bool, int, double, string, bytes, list and map are Python's own. An int beyond 64 bits stays as
it is. Whatever is none of these kinds passes through an expression but takes part in no operation.
"""

from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from relay.expression.errors import ErrorValue

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1
UINT_MAX: Final = (1 << 64) - 1
LONGEST_INT: Final = 1_024
"""Bits of the longest int that is written in decimal, which takes time in the square of them."""


TIMESTAMP_MIN: Final = -62_135_596_800_000_000_000
TIMESTAMP_MAX: Final = 253_402_300_799_999_999_999
"""The first and the last nanosecond of the years 1 and 9999."""
DURATION_LIMIT: Final = 315_576_000_001_000_000_000
"""Some 10,000 years: spans stay below it, as `google.protobuf.Duration` does."""


class UInt(int):
    """CEL's unsigned int: equal to an int of its value, but never added to one."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return f"{int(self)}u"


@dataclass(frozen=True, order=True, slots=True)
class Timestamp:
    """A moment: whole nanoseconds since 1970, UTC, from year 1 to 9999."""

    nanos: int


@dataclass(frozen=True, order=True, slots=True)
class Duration:
    """A span: whole nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value, by its name in CEL."""

    name: str


@dataclass(frozen=True, slots=True)
class Optional:
    """What may be there; `value` means nothing where it is not."""

    value: Any
    present: bool = True


NONE: Final = Optional(None, present=False)


@dataclass(frozen=True, slots=True)
class Raw:
    """What `raw()` gives: a scalar that a template puts in unencoded. No operation takes it."""

    value: Any


@dataclass(frozen=True, slots=True)
class BoolKey:
    """A bool as the key of a map: to Python `True` and `1` would be the same key."""

    value: bool

    @override
    def __str__(self) -> str:
        return "true" if self.value else "false"


TRUE_KEY: Final = BoolKey(True)
FALSE_KEY: Final = BoolKey(False)

NUMBERS: Final = frozenset({int, UInt, float})
KEYS: Final = frozenset({str, int, UInt, bool})
"""What may be a key of a map."""
TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    TypeValue: "type",
    Optional: "optional_type",
}
"""Every kind that takes part in operations."""
TYPES: Final = {name: TypeValue(name) for name in TYPE_NAMES.values()}


def timestamp_of(nanos: int) -> Timestamp:
    """A moment, or the error of one that no calendar of four digits has."""
    if TIMESTAMP_MIN <= nanos <= TIMESTAMP_MAX:
        return Timestamp(nanos)
    raise ErrorValue("timestamp out of range")


def duration_of(nanos: int) -> Duration:
    """A span, or the error of one that is too long."""
    if -DURATION_LIMIT < nanos < DURATION_LIMIT:
        return Duration(nanos)
    raise ErrorValue("duration out of range")


def decimal(value: int) -> str:
    """The decimal digits of an int; one that is too long to be written is an error."""
    if value.bit_length() > LONGEST_INT:
        raise ErrorValue("integer overflow")
    return str(int(value))


def type_name(value: object) -> str:
    """The name of a value's type, for messages too."""
    return TYPE_NAMES.get(type(value)) or type(value).__name__


def no_overload(name: str, *arguments: object) -> ErrorValue:
    """`name` does not take values of these types."""
    return ErrorValue(f"no such overload: {name}({', '.join(map(type_name, arguments))})")


def keys_of(value: dict[Any, Any]) -> list[Any]:
    """The keys of a map as values."""
    return [key.value if type(key) is BoolKey else key for key in value]


def as_key(value: Any) -> Any:
    """A value as Python's key for it: what is found by it is what CEL finds."""
    if type(value) is bool:
        return TRUE_KEY if value else FALSE_KEY
    return value
