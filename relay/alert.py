"""What relay has to tell of itself: the noun of which `relay.alerts` makes events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody may want to be woken for (contract 6, relay's own events)."""

    type: str
    """`target.down` and so on."""
    name: str
    """Of the target, source or poll; `""`: the store."""
    text: str
    """One line for people."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    """How many such things it stands for."""
    key: str | None = None
    """Its name, where it is told once, over restarts too; None: it is told each time."""


Tell: TypeAlias = Callable[[Alert], None]


def untold(_alert: Alert) -> None:
    """Where nobody listens."""
