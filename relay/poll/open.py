"""From the tables of the file to what the poller runs: every expression compiled, or all that is wrong."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from relay.config.api import ApiConfig
from relay.config.locate import dotted
from relay.config.poll import ListingConfig
from relay.config.schema import Config
from relay.config.secret import Secret
from relay.config.table import Table
from relay.errors import Problem
from relay.expression.errors import CompileError
from relay.http.verdict import compile_check
from relay.poll.definition import Poll, compile_poll
from relay.poll.each import lacking
from relay.poll.watch import WatchDefinition, compile_watch

T = TypeVar("T")
C = TypeVar("C", bound=ListingConfig)


@dataclass(frozen=True, slots=True)
class Definitions:
    """All polls and watches of a file, by name."""

    polls: Mapping[str, Poll] = field(default_factory=dict)
    watches: Mapping[str, WatchDefinition] = field(default_factory=dict)


def open_polls(config: Config) -> tuple[Definitions, list[Problem]]:
    """The polls and watches of a file, and all that is wrong with their expressions, or their apis'."""
    problems = [problem for name, api in config.api.items() for problem in _verdicts(name, api)]
    realms = {name: realm(api) for name, api in config.api.items()}
    polls = _opened(config.poll, compile_poll, realms, problems)
    problems += [problem for name, poll in config.poll.items() for problem in lacking(name, poll)]
    watches = _opened(config.watch, compile_watch, realms, problems)
    return Definitions(polls, watches), problems


def _opened(
    tables: Mapping[str, C],
    compiled: Callable[[str, C, str], T | list[Problem]],
    realms: Mapping[str, str],
    problems: list[Problem],
) -> dict[str, T]:
    """What is sound of one kind of tables; what is wrong joins `problems`."""
    found: dict[str, T] = {}
    for name, table in tables.items():
        made = compiled(name, table, realms[table.api])
        if isinstance(made, list):
            problems += made
        else:
            found[name] = made
    return found


def _verdicts(name: str, api: ApiConfig) -> Iterator[Problem]:
    """What is wrong with an api's own expressions."""
    for key, text in (("check", api.check), ("wait", api.wait)):
        try:
            if text is not None:
                compile_check(text)
        except CompileError as error:
            for problem in error.problems:
                at = f"{problem.text}, at column {problem.column}"
                yield Problem(dotted(["api", name, key]), at, "CEL over status, headers, body")


# logins

ROUNDS: Final = 10_000
"""The digest is kept in the store: whoever reads it there shall not guess a short password by it."""


def realm(api: ApiConfig) -> str:
    """What tells one login at an api from another, and nothing of the login: an ETag belongs to both."""
    words = "\0".join(_words(api.auth, api.headers))
    return hashlib.pbkdf2_hmac("sha256", words.encode(), api.address.encode(), ROUNDS).hex()


def _words(*values: object) -> Iterator[str]:
    """All that a login is made of, revealed."""
    for value in values:
        if isinstance(value, Secret):
            yield value.reveal()
        elif isinstance(value, Mapping):
            yield from _words(*(part for pair in value.items() for part in pair))
        elif isinstance(value, Table):
            yield from _words(dict(value))
        elif value is not None:
            yield str(value)
