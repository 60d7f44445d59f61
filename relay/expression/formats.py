"""`format()`: `%s %d %f %e %b %o %x %X %%`, with a precision for `%f` and `%e`."""

import math
from collections.abc import Callable
from typing import Any, Final

from relay.expression.convert import double_text, text_of_bytes
from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, deeper
from relay.expression.texts import typed
from relay.expression.times import rfc3339, seconds_text
from relay.expression.values import (
    BoolKey,
    Duration,
    Timestamp,
    TypeValue,
    UInt,
    decimal,
    no_overload,
)

PRECISION: Final = 6
MOST: Final = 1_000
"""The largest precision."""
_SPECIAL: Final = {"NaN", "Infinity", "-Infinity"}
"""Texts that stand for doubles."""


@typed("format", str, list)
def format_text(frame: Frame, template: str, arguments: list[Any]) -> str:
    """The template, with its clauses replaced by the arguments in order."""
    frame.make(2 * len(template))
    frame.charge(template.count("%"))
    made: list[str] = []
    rest = iter(arguments)
    at = 0
    while (clause := template.find("%", at)) >= 0:
        made.append(template[at:clause])
        letter, precision, at = _clause(template, clause + 1)
        made.append("%" if letter == "%" else _substituted(frame, letter, precision, rest))
    made.append(template[at:])
    return "".join(made)


def _clause(template: str, at: int) -> tuple[str, int | None, int]:
    """The letter of a clause, its precision, and where the text goes on."""
    precision = None
    if template[at : at + 1] == ".":
        end = at + 1
        while template[end : end + 1] in set("0123456789"):
            end += 1
        if not 1 <= end - at - 1 <= len(str(MOST)) or int(template[at + 1 : end]) > MOST:
            raise ErrorValue("format() with a precision that is none")
        precision, at = int(template[at + 1 : end]), end
    letter = template[at : at + 1]
    if letter not in _CLAUSES and letter != "%":
        raise ErrorValue(f"format() knows no clause %{letter}")
    return letter, precision, at + 1


def _substituted(frame: Frame, letter: str, precision: int | None, rest: Any) -> str:
    try:
        value = next(rest)
    except StopIteration:
        raise ErrorValue("format() with too few arguments") from None
    text = _CLAUSES[letter](frame, value, PRECISION if precision is None else precision)
    frame.make(len(text))
    return text


def shown(frame: Frame, value: Any, depth: int = 0) -> str:
    """`%s`: any value as text; the keys of maps in order."""
    if type(value) is list:
        frame.charge(len(value))
        depth = deeper(depth)
        return f"[{', '.join([shown(frame, item, depth) for item in value])}]"
    if type(value) is dict:
        return _shown_map(frame, value, deeper(depth))
    show = _SHOWN.get(type(value))
    if show is None:
        raise no_overload("format", value)
    text = show(frame, value)
    frame.make(len(text))
    return text


def _shown_map(frame: Frame, value: dict[Any, Any], depth: int) -> str:
    frame.charge(2 * len(value))
    entries = sorted((shown(frame, key, depth), shown(frame, item, depth)) for key, item in value.items())
    return f"{{{', '.join([f'{key}: {item}' for key, item in entries])}}}"


def double_shown(value: float) -> str:
    """A double as `%s` has it."""
    if math.isfinite(value):
        return double_text(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_SHOWN: Final[dict[type, Callable[[Frame, Any], str]]] = {
    type(None): lambda _, _value: "null",
    bool: lambda _, value: "true" if value else "false",
    BoolKey: lambda _, value: str(value),
    int: lambda _, value: decimal(value),
    UInt: lambda _, value: decimal(value),
    float: lambda _, value: double_shown(value),
    str: lambda _, value: value,
    bytes: text_of_bytes,
    Timestamp: lambda _, value: rfc3339(value),
    Duration: lambda _, value: seconds_text(value),
    TypeValue: lambda _, value: value.name,
}


def _decimal(_frame: Frame, value: Any, _precision: int) -> str:
    """`%d`"""
    if type(value) is float:
        return fixed(value, PRECISION) if math.isfinite(value) else double_shown(value)
    if type(value) in {int, UInt}:
        return decimal(value)
    raise no_overload("format %d", value)


def _fixed(_frame: Frame, value: Any, precision: int) -> str:
    """`%f`"""
    number = double_of("%f", value)
    return number if isinstance(number, str) else fixed(number, precision)


def fixed(value: float, precision: int) -> str:
    """With so many decimals."""
    return f"{value:.{precision}f}"


def _scientific(_frame: Frame, value: Any, precision: int) -> str:
    """`%e`"""
    number = double_of("%e", value)
    return number if isinstance(number, str) else f"{number:.{precision}e}"


def double_of(clause: str, value: Any) -> float | str:
    """The number of an argument, or the text of one that is infinite or none."""
    if type(value) is str and value in _SPECIAL:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else double_shown(value)
    if type(value) in {int, UInt} and value.bit_length() <= 64:
        return float(value)
    raise no_overload(f"format {clause}", value)


def _based(letter: str) -> Callable[[Frame, Any, int], str]:
    """`%b %o %x %X`: a number in base 2, 8 or 16; texts and bytes too in 16."""

    def run(frame: Frame, value: Any, _precision: int) -> str:
        if type(value) in {int, UInt} or (type(value) is bool and letter == "b"):
            return format(int(value), letter)
        if type(value) in {str, bytes} and letter in "xX":
            frame.make(2 * len(value))
            raw = value if type(value) is bytes else value.encode(errors="replace")
            return raw.hex() if letter == "x" else raw.hex().upper()
        raise no_overload(f"format %{letter}", value)

    return run


_CLAUSES: Final[dict[str, Callable[[Frame, Any, int], str]]] = {
    "s": lambda frame, value, _: shown(frame, value),
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
} | {letter: _based(letter) for letter in "boxX"}
