"""What waits for a commit, and which of it goes into the next one."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from relay.delivery import Settlement
from relay.store.batch import Append, Batch, same_batch
from relay.store.progress import Json
from relay.target import TargetState

BATCH_ENTRIES: Final = 256
BATCH_BYTES: Final = 8 << 20


class Queue:
    """Appends in two lines: senders, who have no patience, and passes, of which one may be large.

    The senders' line goes first. Where it left no room for a pass, that one goes first in the next batch,
    and alone if it is large: neither line waits for more than one batch of the other.
    """

    def __init__(self) -> None:
        self._senders: dict[int, Append] = {}
        self._passes: dict[int, Append] = {}
        self._passes_first = False
        self.settlements: list[Settlement] = []
        self.states: dict[str, TargetState] = {}
        self.polls: dict[tuple[str, str], Json] = {}
        self.answers: dict[tuple[str, str], Json] = {}
        """By event and name."""
        self.beat = False
        """Something is to be committed, be it nothing."""

    @property
    def appends(self) -> list[Append]:
        return [*self._senders.values(), *self._passes.values()]

    @property
    def senders(self) -> int:
        """Appends of senders that wait."""
        return len(self._senders)

    def add(self, append: Append) -> None:
        self._line(append)[id(append)] = append

    def drop(self, append: Append) -> None:
        """It waits no longer, if it did."""
        self._line(append).pop(id(append), None)

    def take(self) -> Batch | None:
        """The next batch, within its bounds; None where nothing waits."""
        appends = self._senders or self._passes
        known = self.states or self.polls or self.answers
        if not (appends or self.settlements or known or self.beat):
            return None
        self.beat = False
        batch = Batch([], self._take_settlements(), self.states, self.polls, self.answers)
        self.states, self.polls, self.answers = {}, {}, {}
        if appends:
            self._fill(batch)
        return batch

    def put_back(self, batch: Batch, appends: Iterable[Append]) -> None:
        """Nothing of `batch` was written: it comes first again, and of its appends these."""
        kept = list(appends)
        self._senders = {id(append): append for append in kept if append.advance is None} | self._senders
        self._passes = {id(append): append for append in kept if append.advance is not None} | self._passes
        self.settlements[:0] = batch.settlements
        self.states = batch.states | self.states
        self.polls = batch.polls | self.polls
        self.answers = batch.answers | self.answers
        self.beat = True

    def _take_settlements(self) -> list[Settlement]:
        """The next ones; what was tried in one batch goes into one transaction."""
        end = min(BATCH_ENTRIES, len(self.settlements))
        while end < len(self.settlements) and same_batch(self.settlements[end - 1], self.settlements[end]):
            end += 1
        taken = self.settlements[:end]
        del self.settlements[:end]
        return taken

    def _line(self, append: Append) -> dict[int, Append]:
        return self._senders if append.advance is None else self._passes

    def _fill(self, batch: Batch) -> None:
        lines = [self._senders, self._passes]
        if self._passes_first:
            lines.reverse()
        weight = size = 0
        for line in lines:
            for key, append in list(islice(line.items(), BATCH_ENTRIES)):
                full = weight + append.weight > BATCH_ENTRIES or size + append.size > BATCH_BYTES
                if batch.appends and full:
                    break
                weight, size = weight + append.weight, size + append.size
                del line[key]
                batch.appends.append(append)
        self._passes_first = bool(self._passes) and not self._passes_first
