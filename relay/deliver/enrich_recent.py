"""Answers of late, in front of those that the store keeps: as many as a bound of bytes lets be."""

from collections import OrderedDict
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Final, TypeAlias

from relay.store.progress import Json

MOST: Final = 16 << 20
"""Bytes of all that is held."""
EACH: Final = 512
"""Bytes that an answer takes beside its text."""
Name: TypeAlias = tuple[str, str]
"""Of an answer: the event's id, the enrichment's key."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer."""

    text: Json = field(repr=False)
    since: int
    """When it was asked for, microseconds."""

    @property
    def bytes(self) -> int:
        return getsizeof(self.text) + EACH


class Recent:
    """By name. `start`: the id of no event, older than all for which there was no answer yet."""

    def __init__(self, start: str, most: int = MOST) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Name, Kept] = OrderedDict()
        self._let_go = start
        """Of events after this one all answers are here, and of others the store may have some."""

    def find(self, name: Name, since: int) -> Json | None:
        """An answer that was asked for at `since` or later; what is older, a replay has the store forget."""
        kept = self._kept.get(name)
        if kept is None or kept.since < since:
            return None
        self._kept.move_to_end(name)
        return kept.text

    def may_be_stored(self, name: Name) -> bool:
        """Whether the store may have one that `find` does not find."""
        return name[0] <= self._let_go or name in self._kept

    def add(self, name: Name, text: Json, since: int) -> None:
        self._take(name)
        kept = self._kept[name] = Kept(text, since)
        self._bytes += kept.bytes
        while self._bytes > self._most:
            oldest = next(iter(self._kept))
            self._take(oldest)
            self._let_go = max(self._let_go, oldest[0])

    def _take(self, name: Name) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._bytes -= kept.bytes
