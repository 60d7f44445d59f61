"""Room on the disk: is there enough for another event? Pure: it is told what is free, from time to time."""

from collections.abc import Sequence
from typing import Final

from relay.store.progress import Advance
from relay.store.protocol import Entry

IN_LOG_AND_FILE: Final = 2
"""So often an event's bytes take disk, until the log is written over."""
AROUND: Final = 2048
"""Bytes that an event takes beside its body, about: headers, rows, indexes."""
AN_ITEM: Final = 128
"""The same of a listed item, if all of them are new."""
AT_LEAST: Final = 4 << 20
"""Bytes that have to be free above the floor again, once an event was refused: else each would fill it up."""


class Room:
    """What may be taken until the next look at the disk: a second's burst can be more than is left."""

    def __init__(self, min_free: int) -> None:
        self.short = False
        """Nothing is taken; old events go."""
        self.why = f"less than {min_free >> 20} MiB of disk is free"
        self.free: int | None = None
        """Bytes that were there at the last look."""
        self._min_free = min_free
        self._left = float("inf")
        self._wanted = 0
        """Bytes above the floor without which new events would be refused again."""

    def take(self, entries: Sequence[Entry], advance: Advance | None = None) -> bool:
        """Whether there is room for `entries` and what a pass moves, which is then theirs."""
        bytes = sum([len(entry.event.body) + AROUND for entry in entries])
        if advance is not None:
            bytes += AROUND + len(advance.state) + AN_ITEM * len(advance.items)
        size = IN_LOG_AND_FILE * bytes
        if self.short or size > self._left:
            self._wanted = max(self._wanted, size, AT_LEAST)
            return False
        self._left -= size
        return True

    def look(self, free: int) -> bool:
        """`free` bytes are there now; whether `short` has changed by that."""
        before, wanted = self.short, self._wanted
        self.free = free
        self._left, self._wanted = free - self._min_free, 0
        self.short = self._left < wanted
        return self.short != before
