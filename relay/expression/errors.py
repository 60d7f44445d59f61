"""What an expression can fail with.

ExpressionError
├── ErrorValue      an error value of CEL: `&&`, `||`, `exists` and `all` may do without it
├── Exhausted       too much work: budget or depth; nothing absorbs it
└── CompileError    at load: every problem of the text
"""

from collections.abc import Sequence
from dataclasses import dataclass

from relay.errors import RelayError


class ExpressionError(RelayError):
    """An expression has no value."""

    exhausted = False
    """Whether it was too much work, rather than an error of the expression on this value."""


class ErrorValue(ExpressionError):
    """What CEL calls an error: a missing key, a wrong type, a division by zero."""


class Exhausted(ExpressionError):
    """The evaluation was ended because it was too much work."""

    exhausted = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a text, at its line and column, both counted from 1."""

    text: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.text}"


class CompileError(ExpressionError):
    """The text is no expression; `problems` holds every reason."""

    def __init__(self, problems: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
