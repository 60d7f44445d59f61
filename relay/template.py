"""Templates: texts of the file that may hold `${CEL}`, made into parts of a request.

What a `${}` gives is data: in a path it names one segment and no more, elsewhere it is a value and no more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError, Fault
from relay.expression.frame import BUDGET
from relay.expression.times import rfc3339, seconds_text
from relay.expression.values import Duration, Raw, Timestamp, decimal, type_name

OPEN: Final = "${"
Variables = Mapping[str, Any]


class Unfit(Exception):
    """An expression gives nothing that can be used where it stands: why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with its expressions: literal pieces and programs, in the order in which they stand."""

    parts: tuple[str | Program, ...]

    @property
    def single(self) -> Program | None:
        """The program, where the text is exactly one `${}`."""
        part = self.parts[0] if len(self.parts) == 1 else ""
        return None if isinstance(part, str) else part

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        return frozenset[str]().union(*(part.names for part in self.parts if isinstance(part, Program)))

    def text(self, variables: Variables, budget: int = BUDGET) -> str | None:
        """The text; None where any of its expressions is null. Unfit, ExpressionError."""
        pieces = []
        for part in self.parts:
            value = part if isinstance(part, str) else part.given(variables, budget)
            if value is None:
                return None
            pieces.append(as_text(value))
        return "".join(pieces)

    def path(self, variables: Variables, budget: int = BUDGET) -> str:
        """A path whose every `${}` is percent-encoded, unless it is raw. Unfit, ExpressionError."""
        path = "".join(
            part if isinstance(part, str) else _segment(part, part.given(variables, budget))
            for part in self.parts
        )
        _check(path)
        return path


def _segment(program: Program, value: Any) -> str:
    if value is None:
        raise Unfit(f"{OPEN}{program.text}}} is null")
    return as_text(value) if isinstance(value, Raw) else quote(as_text(value), safe="", errors="replace")


_OUTSIDE: Final = re.compile(r"[^\x21-\x7e]|[#\\]")


def _check(path: str) -> None:
    """Nothing in it may lead elsewhere: servers resolve `.` and `..`, encoded ones too."""
    if _OUTSIDE.search(path):
        raise Unfit("the path holds what no path can: it must be percent-encoded")
    for segment in path.partition("?")[0].split("/"):
        if unquote(segment) in {".", ".."}:
            raise Unfit(f"the path has a segment {segment}")


def as_text(value: Any) -> str:
    """A scalar as it stands in a request. Unfit where it is none."""
    value = value.value if isinstance(value, Raw) else value
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return decimal(value)
        case float():
            # a whole number is written as one: pages and ids come as doubles from some
            return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(value)
        case Timestamp():
            return rfc3339(value)
        case Duration():
            return seconds_text(value)
    raise Unfit(f"a {type_name(value)} cannot stand in a text")


# reading


class _Scan:
    """Where an expression in a text ends: its braces are balanced, those in its strings do not count."""

    quotes: Final = ("'''", '"""', "'", '"')

    def __init__(self, text: str) -> None:
        self.text = text

    def end(self, at: int) -> int:
        """The place of the `}` that closes what begins at `at`; -1: there is none."""
        depth = 0
        while at < len(self.text):
            char = self.text[at]
            if char in "'\"":
                at = self._string_end(at)
                continue
            if char == "}" and depth == 0:
                return at
            depth += (char == "{") - (char == "}")
            at += 1
        return -1

    def _string_end(self, at: int) -> int:
        mark = next(mark for mark in self.quotes if self.text.startswith(mark, at))
        raw = at > 0 and self.text[at - 1] in "rR" and not (at > 1 and self.text[at - 2].isalnum())
        at += len(mark)
        while at < len(self.text) and not self.text.startswith(mark, at):
            at += 2 if self.text[at] == "\\" and not raw else 1
        return at + len(mark)


def pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal texts, each with the expression that follows it, if one does. ValueError: one does not end."""
    scan, at = _Scan(text), 0
    while (begin := text.find(OPEN, at)) >= 0:
        end = scan.end(begin + len(OPEN))
        if end < 0:
            raise ValueError(f"{OPEN} without its }}")
        yield text[at:begin], text[begin + len(OPEN) : end]
        at = end + 1
    yield text[at:], None


def template(text: str, environment: Environment) -> Template:
    """The template of a text; CompileError with all that is wrong with its expressions."""
    parts: list[str | Program] = []
    faults: list[Fault] = []
    try:
        for literal, expression in pieces(text):
            parts += [literal] if literal else []
            if expression is None:
                continue
            try:
                parts.append(environment.compile(expression))
            except CompileError as error:
                faults += [Fault(f"{expression!r}: {fault.text}", *_at(fault)) for fault in error.problems]
    except ValueError as error:
        faults.append(Fault(str(error)))
    if faults:
        raise CompileError(faults)
    return Template(tuple(parts))


def _at(fault: Fault) -> tuple[int, int]:
    return fault.line, fault.column
