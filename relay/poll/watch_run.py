"""One turn of a watch: ask for what is due, make events of what changed, commit both in one transaction.

At least once, as a poll's pass: what was not committed is asked for again. When a thing is due, how long it
waits and when it is given up are stored with it, so that a restart neither bursts nor forgets.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog

from relay.clock import Clock
from relay.event import Event
from relay.poll.asking import Asking, Broken
from relay.poll.cursor import REFRESH
from relay.poll.gathered import MAX_BYTES
from relay.poll.interval import told_by
from relay.poll.state import PartState, dump, load
from relay.poll.walk import Walk
from relay.poll.watch import WatchDefinition
from relay.poll.watch_answer import FAIL, Answer, batches
from relay.poll.watch_event import WatchMaker
from relay.poll.watch_state import answered, held, load_pace, moved, paused, recalled, refused
from relay.seen import timestamp
from relay.store.progress import Advance, Item, Json, Watch
from relay.store.protocol import Entry, Receipt
from relay.template import Unfit

log = structlog.get_logger()

STEPS: Final = ("due", "read", "taken", "made", "committed")
"""What `WatchRunner.reached` is told, between each two steps of a turn."""
OF_A_KEY: Final = frozenset({400, 404, 410, 413, 414, 422})
"""Answers to what was asked for, which another key may well not get."""

MOST_EVENTS: Final = 64
"""Different events of one turn: each may be `MOST_ABOUT` large, and an answer is read for each of them."""


class Watched(Protocol):
    """What a turn asks of the store."""

    def next_id(self, now: int) -> str: ...

    async def append(
        self, entries: Sequence[Entry], within: float | None = None, advance: Advance | None = None
    ) -> list[Receipt]: ...

    def poll_state(self, poll: str, part: str = "") -> Json | None: ...

    async def items(self, poll: str, part: str, ids: Iterable[str]) -> Mapping[str, Item]: ...

    def watch_due(self, watch: str) -> int | None: ...

    async def due_watches(self, watch: str, now: int, limit: int) -> Sequence[Watch]: ...


@dataclass(frozen=True, slots=True)
class Turned:
    """What came of a turn."""

    asked: int = 0
    """For how many things."""
    new: int = 0
    """How many events were new."""
    duplicates: int = 0
    poisoned: int = 0
    """How many items could not be used, and were not told before."""
    ended: int = 0
    """How many things are watched no more: over, ended badly, given up."""
    error: str = ""
    """Why something could not be told, by the last request that failed."""

    def __add__(self, other: "Turned") -> "Turned":
        return Turned(
            self.asked + other.asked,
            self.new + other.new,
            self.duplicates + other.duplicates,
            self.poisoned + other.poisoned,
            self.ended + other.ended,
            other.error or self.error,
        )


@dataclass(frozen=True, slots=True)
class WatchRunner:
    """Runs the turns of a watch: one at a time, as whoever calls sees to."""

    watch: WatchDefinition
    asking: Asking
    store: Watched
    clock: Clock
    plan: Callable[[Sequence[Event]], Awaitable[list[Entry]]]
    """What an event is owed, and what it begins."""
    spread: Callable[[], float]
    """A number between -1 and 1, so that not all things are due at once."""
    reached: Callable[[str], None] = lambda _step: None
    """Called between each two steps: a test may end the process there."""
    kept: Callable[[Sequence[Entry], Sequence[Receipt]], None] = lambda _entries, _receipts: None
    """Told of what was committed."""

    @property
    def state(self) -> PartState:
        """What is remembered of the watch as a whole; `due`: until then nothing of it is asked for."""
        return load(self.store.poll_state(self.watch.list_name))

    @property
    def due(self) -> int | None:
        """When the next turn is (microseconds, our own clock); None: nothing is watched."""
        due = self.store.watch_due(self.watch.name)
        return None if due is None else max(due, self.state.due)

    async def turn(self) -> Turned:
        """Ask for at most `batch` of the things that are due.

        StoreUnavailable where a commit fails: what it held is due still.
        """
        turned = Turned()
        if self.state.due > self.clock.now():
            return turned
        due = await self.store.due_watches(self.watch.name, self.clock.now(), self._most)
        alone = frozenset(one.key for one in due if load_pace(one.state).alone)
        self.reached("due")
        for batch in batches(self.watch, due, alone):
            turned += await _Pass(self, batch).run()
            if self.state.due > self.clock.now():
                break
        return turned

    @property
    def _most(self) -> int:
        """How many things a turn takes: where each is read with its own event, an answer is read so often."""
        batch, watch = self.watch.config.batch, self.watch
        return min(batch, MOST_EVENTS) if watch.asks_by or watch.reads_by else batch


class _Pass:
    """One request, its pages, and what follows for the things that it asked for."""

    def __init__(self, runner: WatchRunner, batch: Sequence[Watch]) -> None:
        self._runner, self._watch, self._config = runner, runner.watch, runner.watch.config
        self._batch = batch
        self._state = runner.state
        self._walk = Walk(self._watch, runner.asking, self._variables())

    def _variables(self) -> Mapping[str, Any]:
        now = self._runner.clock.now() + self._state.skew
        keys = [one.key for one in self._batch]
        return {"keys": keys, "now": timestamp(now), **recalled(self._batch[0])}

    async def run(self) -> Turned:
        before = await self._known([one.key for one in self._batch])
        answer = Answer(self._watch, self._batch, before, self._runner.clock)
        while self._walk.broken is None and (page := await self._walk.page()) is not None:
            self._runner.reached("read")
            try:
                await answer.take(page)
            except Unfit as error:
                self._walk.broken = Broken(f"page {self._walk.pages}: {error}", unfit=True)
            if answer.bytes > MAX_BYTES:
                self._walk.broken = Broken(f"more than {MAX_BYTES >> 20} MiB of news in one answer")
            self._runner.reached("taken")
        return await self._end(answer)

    async def _known(self, ids: Sequence[str]) -> Mapping[str, Item]:
        return await self._runner.store.items(self._watch.list_name, "", ids) if ids else {}

    async def _end(self, answer: Answer) -> Turned:
        """Commit what was found, and what follows from it."""
        poisoned = await self._known(list(answer.poisons))
        now = self._runner.clock.now()
        maker = WatchMaker(self._watch, self._runner.store.next_id, now)
        poisons = [maker.poison(poison) for id, poison in answer.poisons.items() if id not in poisoned]
        news = await self._runner.plan([maker.told(told) for told in answer.told()])
        self._runner.reached("made")
        items = answer.items(whole=self._walk.broken is None)
        items += [Item(id, now) for id in answer.poisons]
        advance = self._advance(answer, items, now)
        entries = [*poisons, *news]
        receipts = await self._runner.store.append(entries, advance=advance)
        self._runner.kept(entries, receipts)
        self._runner.reached("committed")
        self._log(answer, advance)
        return self._turned(receipts, len(poisons), len(advance.ended))

    def _advance(self, answer: Answer, items: list[Item], now: int) -> Advance:
        state = self._whole(now)
        over = [one for one in self._batch if answer.said[one.key].over or one.until <= now]
        gone = {one.key for one in over}
        left = [one for one in self._batch if one.key not in gone]
        further = [self._further(one, answer, state, now) for one in left]
        return Advance(self._watch.list_name, "", dump(state), items, REFRESH, further, over)

    def _whole(self, now: int) -> PartState:
        walk, broken = self._walk, self._walk.broken
        skew = self._state.skew if walk.skew is None else walk.skew
        if broken is None or _of_a_key(broken):
            return answered(self._state, now, skew, "" if broken is None else broken.why)
        state = replace(self._state, skew=skew)
        return paused(self._config, state, now, broken.why, broken.until, self._runner.spread)

    def _further(self, one: Watch, answer: Answer, state: PartState, now: int) -> Watch:
        """When it is asked for next, and how."""
        broken, spread = self._walk.broken, self._runner.spread
        if broken is None:
            news = answer.said[one.key].news > 0
            return moved(self._config, one, now, news=news, told=self._told_until(now), spread=spread)
        if _of_a_key(broken):
            return refused(self._config, one, now, alone=len(self._batch) > 1, spread=spread)
        return held(one, state.due)

    def _told_until(self, now: int) -> int | None:
        """Before when the api wants no other request."""
        first = self._walk.first
        return None if first is None else told_by(first, now, feed=self._config.format == "feed")

    def _turned(self, receipts: Sequence[Receipt], poisons: int, ended: int) -> Turned:
        news = receipts[poisons:]
        return Turned(
            asked=len(self._batch),
            new=sum(not receipt.duplicate for receipt in news),
            duplicates=sum(receipt.duplicate for receipt in news),
            poisoned=sum(not receipt.duplicate for receipt in receipts[:poisons]),
            ended=ended,
            error="" if self._walk.broken is None else self._walk.broken.why,
        )

    def _log(self, answer: Answer, advance: Advance) -> None:
        """What nobody would see otherwise."""
        watch, broken = self._watch.name, self._walk.broken
        for one in advance.ended:
            _log_end(one, answer.said[one.key].over)
        for word, error in answer.trouble.items():
            log.warning("watch.never-over", watch=watch, error=f"{word}: {error}")
        if broken is not None and self._is_first(broken, advance):
            keys = [one.key for one in self._batch[:10]]
            log.warning("watch.not-told", watch=watch, keys=keys, error=broken.why)

    def _is_first(self, broken: Broken, advance: Advance) -> bool:
        """It is told once in a row, not at each try."""
        if _of_a_key(broken):
            return any(load_pace(one.state).failures == 1 for one in advance.moved)
        return self._state.failures == 0


def _log_end(one: Watch, over: str) -> None:
    if over == FAIL:
        log.warning("watch.ended-badly", watch=one.name, key=one.key)
    elif over:
        log.info("watch.ended", watch=one.name, key=one.key)
    else:
        log.warning("watch.given-up", watch=one.name, key=one.key, error="not over within its time")


def _of_a_key(broken: Broken) -> bool:
    """Whether it may be for what was asked for, and is no reason not to ask for others."""
    status = broken.status
    return broken.unfit or (status is not None and (status in OF_A_KEY or 200 <= status < 300))
