"""What gathers for a transaction, and who waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from relay.delivery import Settlement
from relay.errors import StoreUnavailable
from relay.store.progress import Advance, Json
from relay.store.protocol import Entry, Receipt
from relay.target import TargetState

T = TypeVar("T")

PER_ENTRY: Final = 8
"""Listed items that cost a transaction about as much as one entry."""


@dataclass(slots=True, eq=False)
class Append:
    """Entries that wait for a commit, and who waits for it."""

    entries: Sequence[Entry]
    done: "asyncio.Future[list[Receipt]]"
    deadline: float
    """On the loop's clock; infinite: whoever waits has time."""
    advance: Advance | None = None
    size: int = field(init=False)
    """Bytes of bodies."""
    weight: int = field(init=False)
    """In entries, about."""

    def __post_init__(self) -> None:
        self.size = sum([len(entry.event.body) for entry in self.entries])
        self.weight = len(self.entries)
        if self.advance is not None:
            self.weight += 1 + len(self.advance.items) // PER_ENTRY


@dataclass(slots=True)
class Batch:
    """What one transaction writes. An empty one proves that the store takes writes."""

    appends: list[Append] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    states: dict[str, TargetState] = field(default_factory=dict)
    polls: dict[tuple[str, str], Json] = field(default_factory=dict)
    """What was remembered of a poll's part, apart from what `appends` move."""
    answers: dict[tuple[str, str], Json] = field(default_factory=dict)
    """What enrichments answered, by event and name."""

    def parts(self) -> "list[Batch]":
        """Each of its parts as a batch of its own; deliveries that were tried in one batch stay together."""
        return [
            *[Batch(appends=[waiting]) for waiting in self.appends],
            *[Batch(settlements=together) for together in _together(self.settlements)],
            *[Batch(states={name: state}) for name, state in self.states.items()],
            *[Batch(polls={part: state}) for part, state in self.polls.items()],
            *[Batch(answers={name: answer}) for name, answer in self.answers.items()],
        ]


def same_batch(one: Settlement, other: Settlement) -> bool:
    """Whether the two deliveries were tried in one batch: it has one outcome, on disk too."""
    return one.batch is not None and one.batch == other.batch


def _together(settlements: list[Settlement]) -> list[list[Settlement]]:
    parts: list[list[Settlement]] = []
    for settlement in settlements:
        if parts and same_batch(parts[-1][-1], settlement):
            parts[-1].append(settlement)
        else:
            parts.append([settlement])
    return parts


Commit = Callable[[Batch], Awaitable[list[list[Receipt]]]]
"""Writes a batch in one transaction; a list of receipts for each append, when it is on disk."""


def resolve(future: "asyncio.Future[T]", result: T) -> None:
    """Whoever waits for it gets `result`, unless it is settled already."""
    if not future.done():
        future.set_result(result)


def refuse(future: "asyncio.Future[Any]", reason: str) -> None:
    """Whoever waits for it gets StoreUnavailable, unless it is settled already."""
    if not future.done():
        future.set_exception(StoreUnavailable(f"the store is unavailable: {reason}"))
        future.exception()  # whoever awaited it may be gone
