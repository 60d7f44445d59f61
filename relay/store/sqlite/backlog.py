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
        self.taken: set[str] = set()
        """Ids that are ready or being tried: what a reading of the rows must pass over."""
        self.chains: dict[bytes, str] = {}
        """Which of them is of a chain: no other of it is taken meanwhile, whatever its row says."""
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
        self._passed: set[bytes] = set()
        """Chains of which one more is due by its row: found again when the one that is taken is let go."""
        self._shelved = False
        """Shelved while the rows were being read: all that the reading says is old."""

    def offer(self, delivery: Delivery, space: int) -> bool:
        """Take a delivery that was just stored; False if only the rows have it, or it is here already.

        A commit can be read before its writer says that it has ended: a reading may have been faster.
        """
        if delivery.id in self.taken:
            return False
        size = len(delivery.event.body)
        if self.behind or len(self.ready) >= WINDOW or size > space:
            self.fall_behind()
            return False
        return self._take_in(delivery)

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

    def end_reading(
        self,
        found: Iterable[Delivery],
        *,
        all_due: bool,
        next_due: int | None,
        passed: Iterable[bytes] = (),
    ) -> None:
        """`all_due`: nothing more was due when the rows were read; `next_due`: of those that were not.

        `passed`: chains that were taken when it began, and have one more that is due.
        """
        self.reading = False
        for delivery in () if self._shelved else found:
            if delivery.id not in self.taken and delivery.id not in self._gone:
                self._take_in(delivery)
        for chain in passed:
            if chain in self.chains:
                self._passed.add(chain)
            else:
                self._missed = True
        self._gone.clear()
        self.behind = not all_due or self._missed
        if next_due is not None:
            self.due_later(next_due)

    def take(self, count: int) -> list[Delivery]:
        """At most `count` of the ready ones, the oldest first, and who was tried in a batch with one of them.

        They stay taken.
        """
        taken = [self.ready.popleft() for _ in range(min(count, len(self.ready)))]
        batches = {delivery.batch for delivery in taken if delivery.batch is not None}
        if batches:
            taken += [delivery for delivery in self.ready if delivery.batch in batches]
            self.ready = deque([delivery for delivery in self.ready if delivery.batch not in batches])
        self.bytes -= sum([len(delivery.event.body) for delivery in taken])
        return taken

    def let_go(self, delivery: Delivery) -> None:
        """Not being tried any more: its row says the rest."""
        self._forget(delivery)
        if delivery.id in self._doubtful:
            self._doubtful.discard(delivery.id)
            self.fall_behind()
        if self.reading:
            self._gone.add(delivery.id)

    def give_back(self, deliveries: Iterable[Delivery]) -> None:
        """These were not tried: they are found again, and before them what was due before them."""
        for delivery in deliveries:
            self.let_go(delivery)
        self._forget_ready()

    def shelve(self) -> None:
        """Forget the ready ones; the rows have them, and may have been changed by hand."""
        self._forget_ready()
        self._doubtful |= self.taken

    def due_at(self, now: int) -> int | None:
        """When something may be due: `now` for at once; None: nothing is known to come."""
        if self.ready or self.behind or self.reading:
            return now
        return self.next_due

    def _take_in(self, delivery: Delivery) -> bool:
        """False where it has to wait for another one of its chain to be let go."""
        if delivery.chain is not None:
            if delivery.chain in self.chains:
                self._passed.add(delivery.chain)
                return False
            self.chains[delivery.chain] = delivery.id
        self.ready.append(delivery)
        self.taken.add(delivery.id)
        self.bytes += len(delivery.event.body)
        return True

    def _forget_ready(self) -> None:
        for delivery in self.ready:
            self._forget(delivery)
        self.ready.clear()
        self.bytes = 0
        self._shelved = self.reading
        self.fall_behind()

    def _forget(self, delivery: Delivery) -> None:
        self.taken.discard(delivery.id)
        if delivery.chain is not None and self.chains.get(delivery.chain) == delivery.id:
            del self.chains[delivery.chain]
            if delivery.chain in self._passed:
                self._passed.discard(delivery.chain)
                self.fall_behind()
