"""Entering what a pass found into the store: events, items and state in one transaction."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from relay.clock import Clock
from relay.event import Event
from relay.poll.cursor import REFRESH, Missed
from relay.poll.definition import Part, Poll
from relay.poll.events import Maker
from relay.poll.gathered import Gathered
from relay.poll.item import Poison
from relay.poll.outcome import Ending
from relay.poll.state import PartState, dump
from relay.store.progress import Advance, Item, Json
from relay.store.protocol import Entry, Receipt

TURN: Final = 200
"""Events after which others have their turn."""


class Ledger(Protocol):
    """What a pass asks of the store."""

    def next_id(self, now: int) -> str: ...

    async def append(
        self, entries: Sequence[Entry], within: float | None = None, advance: Advance | None = None
    ) -> list[Receipt]: ...

    def poll_state(self, poll: str, part: str = "") -> Json | None: ...

    def remember_poll(self, poll: str, part: str, state: Json) -> None: ...

    async def items(self, poll: str, part: str, ids: Iterable[str]) -> Mapping[str, Item]: ...

    async def known_names(self, source: str, names: Iterable[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a pass."""

    state: PartState
    """As it is remembered now: `due` is when the next one is."""
    complete: bool
    error: str = ""
    """Why it is not complete."""
    pages: int = 0
    found: int = 0
    """How many items the list held."""
    new: int = 0
    """How many events were new."""
    known: int = 0
    """How many items made none, for being known to the poll or as a webhook."""
    duplicates: int = 0
    """How many of those a webhook, or another poll, had brought."""
    poisoned: int = 0
    """How many items could not be used, and were not told before."""
    missed: tuple[Missed, ...] = ()
    """What was told as `relay.gap`."""
    events: tuple[Event, ...] = field(default=(), repr=False)
    """Of a rehearsal: what would have been accepted."""
    poisons: tuple[Poison, ...] = field(default=(), repr=False)
    """Of a rehearsal."""

    @property
    def due(self) -> int:
        """When the next pass is, microseconds by our own clock."""
        return self.state.due


@dataclass(slots=True)
class Book:
    """What was entered so far by one pass."""

    poll: Poll
    part: Part
    store: Ledger
    clock: Clock
    plan: Callable[[Sequence[Event]], Awaitable[list[Entry]]]
    reached: Callable[[str], None]
    items_of: str
    """The part under which its items are remembered."""
    kept: Callable[[Sequence[Entry], Sequence[Receipt]], None]
    """Told of what was committed."""
    rehearsal: bool = False
    new: int = 0
    duplicates: int = 0
    entered: int = 0
    """How many events were entered, new or not."""
    poisoned: int = 0
    events: list[Event] = field(default_factory=list)
    poisons: list[Poison] = field(default_factory=list)

    async def enter(self, got: Gathered, state: PartState, missed: Iterable[Missed] = ()) -> None:
        """Commit what was gathered, and let it go. Gaps come first: they are of before."""
        maker = Maker(self.poll, self.part, self.store.next_id, self.clock.now())
        poisons = list(got.poisons.values())
        entries = await self.plan([maker.gap(one) for one in missed])
        entries += [maker.poison(poison) for poison in poisons]
        made = []
        for number, one in enumerate(got.ordered(), 1):
            if number % TURN == 0:
                await self.clock.sleep(0)
            made.append(maker.news(one))
        news = await self.plan(made)
        self.entered += len(news)
        self.reached("made")
        if self.rehearsal:
            self.events += [entry.event for entry in news]
            self.poisons += poisons
        else:
            await self._append(entries, news, got, state)
        got.clear(items=not self.rehearsal)

    async def _append(self, others: list[Entry], news: list[Entry], got: Gathered, state: PartState) -> None:
        items = tuple(got.items.values())
        part = self.part.name
        advance = Advance(self.poll.name, part, dump(state), items, REFRESH, items_of=self.items_of)
        entries = [*others, *news]
        receipts = await self.store.append(entries, advance=advance)
        self.kept(entries, receipts)
        self.reached("committed")
        mine = receipts[len(others) :]
        self.new += sum(not receipt.duplicate for receipt in mine)
        self.duplicates += sum(receipt.duplicate for receipt in mine)
        dead = receipts[len(others) - len(got.poisons) : len(others)]
        self.poisoned += sum(not receipt.duplicate for receipt in dead)

    def passed(
        self, got: Gathered, state: PartState, ending: Ending, missed: tuple[Missed, ...], pages: int
    ) -> Passed:
        """What came of the pass."""
        return Passed(
            state,
            not ending.error,
            ending.error,
            pages,
            got.found,
            self.new,
            got.known + self.duplicates,
            self.duplicates,
            self.poisoned,
            missed,
            tuple(self.events),
            tuple(self.poisons),
        )
