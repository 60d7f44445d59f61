"""One pass: read all pages, keep what is news, commit it with the cursor, in one transaction.

At least once: events are committed with the names of their items, so that the next pass knows them; what was
not committed is read again. The cursor moves only with a pass that has read all of its range.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from relay.clock import Clock
from relay.event import Event
from relay.poll.asking import Asking, Broken
from relay.poll.book import Book, Ledger, Passed
from relay.poll.cursor import Missed, Span, begin, cut_off, expired, lies_before, moved, span
from relay.poll.definition import Part, Poll
from relay.poll.detail import Detailer
from relay.poll.gap import Fill, fill_span
from relay.poll.gathered import MAX_BYTES, Gathered
from relay.poll.outcome import Ending, after, shifted
from relay.poll.page import Page
from relay.poll.state import PartState, load
from relay.poll.take import Taken, Taker
from relay.poll.walk import Walk
from relay.seen import timestamp
from relay.store.progress import Item
from relay.store.protocol import Entry, Receipt
from relay.template import Unfit
from relay.text import key_text

STEPS: Final = ("began", "read", "taken", "detailed", "made", "committed")
"""What `Runner.reached` is told, between each two steps of a pass."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs passes of one part of a poll: one at a time, as whoever calls sees to."""

    poll: Poll
    part: Part
    asking: Asking
    store: Ledger
    clock: Clock
    plan: Callable[[Sequence[Event]], Awaitable[list[Entry]]]
    """What an event is owed, and what it begins."""
    spread: Callable[[], float]
    """A number between -1 and 1, so that not all passes are due at once."""
    reached: Callable[[str], None] = lambda _step: None
    """Called between each two steps: a test may end the process there."""
    kept: Callable[[Sequence[Entry], Sequence[Receipt]], None] = lambda _entries, _receipts: None
    """Told of what was committed."""
    list_part: str | None = None
    """Under which part its items are remembered; None: under its own. The `n` of an item is one count."""

    @property
    def items_of(self) -> str:
        return self.part.name if self.list_part is None else self.list_part

    @property
    def state(self) -> PartState:
        """What is remembered of the part."""
        return load(self.store.poll_state(self.poll.name, self.part.name))

    async def run(
        self, fill: Fill | None = None, reading: Span | None = None, *, rehearsal: bool = False
    ) -> Passed:
        """One pass. `fill`: of a poll with `gap`; `reading`: the range of a backfill, which moves no cursor.

        A rehearsal stores nothing. StoreUnavailable where the commit fails: then nothing has moved.
        """
        before = self.state
        now = self.clock.now() + before.skew
        state = replace(begin(before, now), words=self.poll.words)
        aim = self._aim(before, state, fill, reading, now)
        self.reached("began")
        return await _Pass(self, state, replace(aim, rehearsal=rehearsal)).run()

    def _aim(
        self, before: PartState, state: PartState, fill: Fill | None, reading: Span | None, now: int
    ) -> "_Aim":
        config, first = self.poll.config, before.began is None
        if reading is not None:
            return _Aim(reading, kept=before)
        if fill is not None:
            read, missed = fill_span(config, state, fill, now)
            return _Aim(read, fill, missed, first=first)
        missed = expired(config, state.complete, now)
        return _Aim(span(config, state, now, first=first), None, missed, first=first)


@dataclass(frozen=True, slots=True)
class _Aim:
    """What one pass is for."""

    span: Span
    fill: Fill | None = None
    missed: Missed | None = None
    """What of the range is kept no more."""
    first: bool = False
    """It is the first try of all."""
    kept: PartState | None = None
    """Of a backfill: the state that stays as it is."""
    rehearsal: bool = False


class _Pass:
    """One pass under way."""

    def __init__(self, runner: Runner, state: PartState, aim: _Aim) -> None:
        self._runner, self._poll, self._config = runner, runner.poll, runner.poll.config
        self._state, self._aim, self._span = state, aim, aim.span
        self._cursor = state.cursor
        """Where it is by now."""
        self._got = Gathered(self._config, aim.span, runner.clock.now(), aim.kept is not None)
        anyway = state.incomplete or aim.rehearsal or aim.kept is not None
        conditions = None if anyway else state.validators
        self._walk = Walk(runner.poll, runner.asking, self._variables(), conditions)
        self._taker = Taker(runner.poll, runner.clock, self._known_items)
        self._book = Book(
            runner.poll,
            runner.part,
            runner.store,
            runner.clock,
            runner.plan,
            runner.reached,
            runner.items_of,
            runner.kept,
            rehearsal=aim.rehearsal,
        )
        self._whole = False
        """All of the range was read, though the list goes on."""

    def _variables(self) -> Mapping[str, Any]:
        return {
            "each": dict(self._runner.part.each),
            "since": timestamp(self._span.since),
            "until": timestamp(self._span.until),
            "now": timestamp(self._span.now),
            "cursor": timestamp(self._state.cursor),
        }

    async def run(self) -> Passed:
        while not self._whole and (page := await self._walk.page()) is not None:
            self._runner.reached("read")
            self._walk.broken = await self._take(page)
            if self._walk.broken is not None:
                break
            if self._by_page and not self._whole and not self._walk.ended:
                await self._commit_halfway()
        await self._detail()
        return await self._end()

    async def _take(self, page: Page) -> Broken | None:
        try:
            taken = await self._taker.take(page, self._got)
        except Unfit as error:
            return Broken(f"page {self._walk.pages}: {error}")
        self._runner.reached("taken")
        self._whole = self._is_whole(taken)
        too_large = self._got.bytes > MAX_BYTES
        return Broken(f"more than {MAX_BYTES >> 20} MiB of news in one pass") if too_large else None

    def _is_whole(self, taken: Taken) -> bool:
        """Whether the pages behind this one hold nothing of the range."""
        if self._config.time is None:
            # what is compared may have changed on any page
            compared = self._config.change is not None
            anyway = compared or self._state.incomplete or self._aim.kept is not None
            return taken.known and self._config.order != "oldest" and not anyway
        return self._config.order == "newest" and lies_before(taken.times, self._span.since)

    @property
    def _by_page(self) -> bool:
        """Whether each page is committed by itself: oldest first, what was read is behind us for good."""
        config = self._config
        return config.order == "oldest" and config.time is not None and self._span.mark is None

    async def _commit_halfway(self) -> None:
        """Until the pass is over, what is behind the cursor counts as unread."""
        await self._detail()
        if self._walk.broken is None:
            self._cursor = moved(self._config, self._state, self._span, self._got.times)
            halfway = replace(self._state, cursor=self._cursor, incomplete=True)
            await self._book.enter(self._got, self._aim.kept or halfway)

    async def _detail(self) -> None:
        if self._poll.detail is None or not self._got.news:
            return
        detailer = Detailer(self._poll.detail, self._runner.asking, self._known_events)
        broken = await detailer.fetch(self._got)
        self._walk.broken = self._walk.broken or broken
        self._runner.reached("detailed")

    async def _known_items(self, ids: Sequence[str]) -> Mapping[str, Item]:
        return await self._runner.store.items(self._poll.name, self._runner.items_of, ids) if ids else {}

    async def _known_events(self, keys: Sequence[str]) -> Collection[str]:
        return await self._runner.store.known_names(self._poll.source, map(key_text, keys))

    async def _end(self) -> Passed:
        """Commit what was found, and what follows from it."""
        ending = self._ending()
        missed = () if ending.error else self._all_missed()
        state = replace(self._state, cursor=self._cursor)
        state = shifted(state, ending.skew) if self._aim.first else state
        state = after(self._config, state, self._span, self._aim.fill, ending, self._runner.spread)
        state = self._aim.kept or state
        await self._book.enter(self._got, state, missed)
        return self._book.passed(self._got, state, ending, missed, self._walk.pages)

    def _ending(self) -> Ending:
        walk, broken = self._walk, self._walk.broken
        if walk.capped and self._span.mark is not None and self._config.order == "newest":
            # it was only marked, and no later pass comes as far back
            broken = None
        alone = walk.pages == 1 or self._config.order == "newest"
        return Ending(
            now=self._runner.clock.now(),
            skew=self._state.skew if walk.skew is None else walk.skew,
            error="" if broken is None else broken.why,
            until=None if broken is None else broken.until,
            read=walk.pages > 0,
            unchanged=walk.unchanged,
            # where nothing says how old they are, items behind the last page that was read come back one day
            listed=walk.ended or self._config.time is not None,
            first=walk.first,
            validators=walk.seen if alone else None,
            found=self._got.found,
            news=self._book.entered + len(self._got.news) > 0,
            times=tuple(self._got.times),
        )

    def _all_missed(self) -> tuple[Missed, ...]:
        """What the provider kept no more, and what a list of limited length cut off."""
        lost = None
        if self._aim.kept is None and self._walk.ended and not self._walk.unchanged:
            times, moves = self._got.times, self._poll.moves
            lost = cut_off(self._config, self._state, self._span, times, moves=moves)
        return tuple(missed for missed in (self._aim.missed, lost) if missed is not None)
