"""Answers of late, in front of those that the store keeps: as many as a bound of bytes lets be."""

from collections import OrderedDict
from sys import getsizeof
from typing import Final, TypeAlias

from relay.store.progress import Json

MOST: Final = 16 << 20
"""Bytes of all that is held."""
EACH: Final = 512
"""Bytes that an answer takes beside its text."""
Name: TypeAlias = tuple[str, str]
"""Of an answer: the event's id, the enrichment's key."""


class Recent:
    """By name. `start`: the id of no event, older than all for which there was no answer yet."""

    def __init__(self, start: str, most: int = MOST) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Name, Json] = OrderedDict()
        self._let_go = start
        """Of events after this one all answers are here, and of others the store may have some."""

    def find(self, name: Name) -> Json | None:
        """An answer, also one that a replay has made the store forget meanwhile."""
        text = self._kept.get(name)
        if text is not None:
            self._kept.move_to_end(name)
        return text

    def may_be_stored(self, name: Name) -> bool:
        """Whether the store may have one."""
        return name[0] <= self._let_go or name in self._kept

    def add(self, name: Name, text: Json) -> None:
        self._take(name)
        self._kept[name] = text
        self._bytes += getsizeof(text) + EACH
        while self._bytes > self._most:
            oldest = next(iter(self._kept))
            self._take(oldest)
            self._let_go = max(self._let_go, oldest[0])

    def _take(self, name: Name) -> None:
        text = self._kept.pop(name, None)
        if text is not None:
            self._bytes -= getsizeof(text) + EACH
