"""What can go wrong and is told to a person: what happened, and what to do about it.

RelayError
├── ConfigError        the file cannot be used: every problem in it
├── StoreError         the store cannot be opened
│   ├── StoreLocked    another daemon has it
│   └── StoreTooNew    a newer relay wrote it
└── StoreUnavailable   a commit failed or is late; nothing of it was acknowledged
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration, at its dotted path."""

    path: str
    text: str
    hint: str = ""
    warning: bool = False
    line: int | None = None

    def at(self, file: str) -> str:
        """`FILE:LINE: dotted.path: what is wrong (hint)`."""
        place = f"{file}:{self.line}" if self.line is not None else file
        level = "warning: " if self.warning else ""
        path = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {level}{path}{self.text}{hint}"


class RelayError(Exception):
    """Base of all that a person is told, with a hint at what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @override
    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(RelayError):
    """The configuration cannot be used; `problems` holds every reason."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.at(file) for problem in problems))
        self.file = file
        self.problems = tuple(problems)


class StoreError(RelayError):
    """The store cannot be opened."""


class StoreLocked(StoreError):
    """Another daemon holds the store."""


class StoreTooNew(StoreError):
    """A newer relay wrote the store; it was left untouched."""


class StoreUnavailable(RelayError):
    """The store did not commit: full, broken, locked or late. Nothing was acknowledged."""
