"""What is there or not: `optional.of`, `hasValue`, `or`, `orValue`, and their kin."""

from typing import Any, Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Closure, Frame, Function
from relay.expression.values import NONE, TYPE_NAMES, Duration, Optional, Timestamp, no_overload


def of(_frame: Frame, value: Any) -> Optional:
    """`optional.of(value)`."""
    return Optional(value)


def none(_frame: Frame) -> Optional:
    """`optional.none()`."""
    return NONE


def of_non_zero(_frame: Frame, value: Any) -> Optional:
    """`optional.ofNonZeroValue(value)`: none of what is null, false, zero or empty."""
    if type(value) not in TYPE_NAMES:
        raise no_overload("optional.ofNonZeroValue", value)
    if type(value) in {Timestamp, Duration}:
        return Optional(value) if value.nanos else NONE
    return Optional(value) if value else NONE


def has_value(_frame: Frame, value: Any) -> bool:
    """`value.hasValue()`."""
    return checked("hasValue", value).present


def value_of(_frame: Frame, value: Any) -> Any:
    """`value.value()`: an error where there is none."""
    if checked("value", value).present:
        return value.value
    raise ErrorValue("optional.none() has no value")


def checked(name: str, value: Any) -> Optional:
    """The value, which must be an optional."""
    if type(value) is not Optional:
        raise no_overload(name, value)
    return value


def either(left: Closure, right: Closure) -> Closure:
    """`left.or(right)`: the right side is evaluated only where it is needed."""

    def run(frame: Frame) -> Any:
        value = checked("or", left(frame))
        return value if value.present else checked("or", right(frame))

    return run


def or_value(left: Closure, right: Closure) -> Closure:
    """`left.orValue(right)`: the right side is evaluated only where it is needed."""

    def run(frame: Frame) -> Any:
        value = checked("orValue", left(frame))
        return value.value if value.present else right(frame)

    return run


OPTIONALS: Final[dict[str, Function]] = {
    "optional.of": of,
    "optional.none": none,
    "optional.ofNonZeroValue": of_non_zero,
    "hasValue": has_value,
    "value": value_of,
}
