"""What is due at one target, as far as memory has it: a window over the rows in the file.

The file is the truth: whatever is forgotten here is found there again. A delivery that was just stored is
put here at once, so that a target that keeps up costs no reading at all.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from relay.delivery import Delivery

WINDOW: Final = 1024
"""Deliveries held ready for one target at most."""
LOW: Final = 128
"""With fewer ready than this, the next ones are read ahead."""

LOW_BYTES: Final = 4 << 20
"""With bodies of more than this ready, they are not."""


class Backlog:
    """Ready deliveries, those being tried, and what is known of the rows beyond."""

    def __init__(self) -> None:
        self.ready: deque[Delivery] = deque()
        self.bytes = 0
        """Bodies held by `ready`."""
        self.held: set[str] = set()
        """Ids that are ready or being tried: what a reading of the rows must pass over."""
        self.behind = True
        """The rows may have due ones that are not here."""
        self.next_due: int | None = None
        """When the next row that is not due yet will be; None: there is none."""
        self.reading = False
        self._missed = False
        """Something became due while the rows were being read."""
        self._gone: set[str] = set()
        """Let go while the rows were being read: what the reading says of them is old."""
        self._doubtful: set[str] = set()
        """Tried while their rows may have been changed by hand: due again, whatever the attempt says."""
        self._shelved = False
        """Shelved while the rows were being read: all that the reading says is old."""

    def offer(self, delivery: Delivery, space: int) -> bool:
        """Take a delivery that was just stored; False if only the rows have it, or it is here already.

        A commit can be read before its writer says that it has ended: a reading may have been faster.
        """
        if delivery.id in self.held:
            return False
        size = len(delivery.event.body)
        if self.behind or len(self.ready) >= WINDOW or size > space:
            self.fall_behind()
            return False
        self._hold(delivery)
        return True

    def fall_behind(self) -> None:
        """Something is due that is not here."""
        self.behind = True
        self._missed = True

    def due_later(self, at: int) -> None:
        """A row will be due at `at`."""
        if self.next_due is None or at < self.next_due:
            self.next_due = at

    def wants_rows(self, now: int) -> bool:
        due = self.behind or (self.next_due is not None and self.next_due <= now)
        return due and len(self.ready) < LOW and self.bytes < LOW_BYTES and not self.reading

    def begin_reading(self) -> None:
        self.reading = True
        self._missed = self._shelved = False
        self.next_due = None

    def end_reading(self, found: Iterable[Delivery], *, all_due: bool, next_due: int | None) -> None:
        """`all_due`: nothing more was due when the rows were read; `next_due`: of those that were not."""
        self.reading = False
        for delivery in () if self._shelved else found:
            if delivery.id not in self.held and delivery.id not in self._gone:
                self._hold(delivery)
        self._gone.clear()
        self.behind = not all_due or self._missed
        if next_due is not None:
            self.due_later(next_due)

    def take(self, count: int) -> list[Delivery]:
        """At most `count` of the ready ones, the oldest first; they stay held."""
        taken = [self.ready.popleft() for _ in range(min(count, len(self.ready)))]
        self.bytes -= sum([len(delivery.event.body) for delivery in taken])
        return taken

    def let_go(self, id: str) -> None:
        """Not being tried any more: its row says the rest."""
        self.held.discard(id)
        if id in self._doubtful:
            self._doubtful.discard(id)
            self.fall_behind()
        if self.reading:
            self._gone.add(id)

    def shelve(self) -> None:
        """Forget the ready ones; the rows have them."""
        for delivery in self.ready:
            self.held.discard(delivery.id)
        self.ready.clear()
        self.bytes = 0
        self._doubtful |= self.held
        self._shelved = self.reading
        self.fall_behind()

    def due_at(self, now: int) -> int | None:
        """When something may be due: `now` for at once; None: nothing is known to come."""
        if self.ready or self.behind:
            return now
        return self.next_due

    def _hold(self, delivery: Delivery) -> None:
        self.ready.append(delivery)
        self.held.add(delivery.id)
        self.bytes += len(delivery.event.body)
