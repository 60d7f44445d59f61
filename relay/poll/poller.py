"""All polls and watches of the file, kept up to date: one task for each part, opened anew by a reload."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog

from relay.accept import Door, nothing_begun
from relay.alert import Alert, Tell, untold
from relay.bucket import Bucket
from relay.clock import Clock, micros, rfc3339
from relay.config.remembered import remembered_names
from relay.config.schema import Config
from relay.errors import RelayError, StoreUnavailable
from relay.http.api import Api
from relay.http.ask import Ask
from relay.http.budget import Need
from relay.metrics import Metrics
from relay.poll.asking import Asking
from relay.poll.backfill import Backfill
from relay.poll.book import Passed
from relay.poll.cursor import Missed, forget_before
from relay.poll.definition import Part, Poll
from relay.poll.gap import Source
from relay.poll.keeper import Keeper, spread
from relay.poll.open import Definitions
from relay.poll.run import Runner
from relay.poll.state import PartState, dump
from relay.poll.turns import Turns
from relay.poll.watch import WatchDefinition
from relay.poll.watch_begin import begun
from relay.poll.watch_keeper import WatchKeeper
from relay.poll.watch_run import Turned, WatchRunner
from relay.poll.watch_state import forget_before as forget_watched
from relay.store.protocol import Store

log = structlog.get_logger()

TIDY_EVERY: Final = 3600.0
"""Seconds between two looks for items that may be forgotten."""


class Poller:
    """The daemon's one. Pure parts decide; this has the clock, the apis and the tasks."""

    def __init__(self, store: Store, door: Door, clock: Clock, metrics: Metrics) -> None:
        self._store, self._door, self._clock, self._metrics = store, door, clock, metrics
        self._config = Config()
        self._apis: Mapping[str, Api] = {}
        self._keepers: dict[str, list[Keeper]] = {}
        self._watches: dict[str, WatchKeeper] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._backfilling: set[asyncio.Task[None]] = set()
        """They go on over a reload."""
        self._turns = Turns()
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        """By poll and part, over reloads: a pass by hand may outlast one."""
        self._began = clock.now()
        self._listening: dict[str, list[Keeper]] = {}
        self.backfills: dict[str, Backfill] = {}
        """By poll: the one that runs, or ran last."""
        self.tell: Tell = untold
        """Told of polls that begin to fail, and of what they missed."""
        door.heard = self._heard
        store.listen_watches(self._wake_watches)

    @property
    def keepers(self) -> Mapping[str, list[Keeper]]:
        """By poll, in the order of the file."""
        return self._keepers

    def begin(self, definitions: Definitions) -> None:
        """Events begin these watches from now on, be it before anything is asked."""
        watches = tuple(definitions.watches.values())
        self._door.begins = partial(begun, watches) if watches else nothing_begun
        self._door.begins_loops = any(watch.on.loops or watch.keys.loops for watch in watches)

    def open(self, config: Config, definitions: Definitions, apis: Mapping[str, Api]) -> None:
        """Poll by this file from now on. A pass under way ends; what it had not committed is read again.

        `apis`: those of the file, which others may ask, too; they are closed by whoever opened them.
        """
        self._end(self._tasks)
        self._config, self._apis = config, apis
        self._keepers = {name: self._keep(poll) for name, poll in definitions.polls.items()}
        keepers = [keeper for some in self._keepers.values() for keeper in some]
        self._listening = {}
        for keeper in keepers:
            if keeper.runner.poll.config.gap is not None:
                self._listening.setdefault(keeper.runner.poll.source, []).append(keeper)
        self._watches = {name: self._watch(watch) for name, watch in definitions.watches.items()}
        self.begin(definitions)
        loops = [keeper.keep() for keeper in keepers] + [watch.keep() for watch in self._watches.values()]
        self._tasks = {asyncio.ensure_future(loop) for loop in [*loops, self._tidy()]}

    async def close(self) -> None:
        """Ask nobody any more."""
        tasks, self._tasks = self._tasks | self._backfilling, set()
        self._end(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, tasks: Iterable["asyncio.Task[None]"]) -> None:
        for task in tasks:
            task.cancel()

    def _keep(self, poll: Poll) -> list[Keeper]:
        bucket = None if poll.config.rate is None else Bucket(poll.config.rate)
        need = Need.POLL if poll.config.gap is None else Need.GAP
        manner = Ask("", need=need, bucket=bucket, check=poll.check, wait=poll.wait)
        asking = Asking(self._apis[poll.config.api].ask, self._clock, manner)
        return [self._keeper(poll, part, asking) for part in poll.parts]

    def _keeper(self, poll: Poll, part: Part, asking: Asking) -> Keeper:
        plan, kept = self._door.entries, self._door.kept
        runner = Runner(poll, part, asking, self._store, self._clock, plan, spread, kept=kept)
        state = runner.state
        if state.words and state.words != poll.words:
            log.warning(
                "poll.renamed-items",
                poll=poll.name,
                error="id or change is another one: what is listed now is news once more",
            )
        lock = self._locks.setdefault((poll.name, part.name), asyncio.Lock())
        turn = self._turns.of(poll.config.api)
        return Keeper(runner, lambda: self._source(poll), turn, self._passed, lock=lock)

    def _watch(self, watch: WatchDefinition) -> WatchKeeper:
        bucket = None if watch.config.rate is None else Bucket(watch.config.rate)
        manner = Ask("", need=Need.WATCH, bucket=bucket, check=watch.check, wait=watch.wait)
        asking = Asking(self._apis[watch.config.api].ask, self._clock, manner)
        plan, kept = self._door.entries, self._door.kept
        runner = WatchRunner(watch, asking, self._store, self._clock, plan, spread, kept=kept)
        return WatchKeeper(runner, self._turns.of(watch.config.api), self._turned)

    def _wake_watches(self, names: set[str]) -> None:
        for name in names & self._watches.keys():
            self._watches[name].wake.set()

    def _source(self, poll: Poll) -> Source:
        """What is known of the webhooks of a poll's source."""
        table = self._config.source.get(poll.source)
        gap = poll.config.gap
        silence = gap.silence if gap is not None else None
        if silence is None and table is not None:
            silence = table.expect_every
        names = remembered_names(self._config) - poll.config.overlap
        floor = self._clock.now() - micros(max(0.0, names))
        return Source(self._door.last.get(poll.source), silence, self._began, floor)

    def _heard(self, source: str) -> None:
        for keeper in self._listening.get(source, ()):
            keeper.heard()

    def _passed(self, keeper: Keeper, passed: Passed) -> None:
        """Count and tell what came of a pass."""
        poll = keeper.runner.poll
        if poll.config.gap is not None and passed.new:
            self._metrics.recovered(poll.source).inc(passed.new)
        if passed.duplicates:
            self._metrics.duplicate(poll.source, "poll").inc(passed.duplicates)
        words = (
            {"poll": poll.name, "part": keeper.runner.part.name}
            if keeper.runner.part.name
            else {"poll": poll.name}
        )
        if passed.error:
            log.warning("poll.pass-failed", **words, error=passed.error, new=passed.new)
            if passed.state.failures == 1:
                self.tell(_failing(words, passed.error))
        elif passed.new or passed.poisoned:
            log.info("poll.passed", **words, new=passed.new, known=passed.known, poisoned=passed.poisoned)
        for missed in passed.missed:
            log.warning("poll.gap", **words, since=rfc3339(missed.since), until=rfc3339(missed.until))
            self.tell(_gap(words, missed))

    def _turned(self, keeper: WatchKeeper, turned: Turned) -> None:
        watch = keeper.runner.watch
        if turned.duplicates:
            self._metrics.duplicate(watch.source, "poll").inc(turned.duplicates)
        if turned.new or turned.ended:
            log.info("watch.turned", watch=watch.name, new=turned.new, ended=turned.ended)

    async def _tidy(self) -> None:
        """Forget items that are listed no more."""
        while True:
            await self._clock.sleep(TIDY_EVERY)
            try:
                await self._forget_all()
            except StoreUnavailable as error:
                log.warning("poll.not-tidied", error=error.message)
            except Exception as error:
                log.error("poll.not-tidied", exc_info=error)

    async def _forget_all(self) -> None:
        """One look at everybody's items."""
        names = remembered_names(self._config)
        for keeper in [keeper for some in self._keepers.values() for keeper in some]:
            poll, part = keeper.runner.poll, keeper.runner.part.name
            await self._forget(poll.name, part, forget_before(poll.config, keeper.state, names))
        for watch in [watch.runner.watch for watch in self._watches.values()]:
            before = forget_watched(watch.config, names, self._clock.now())
            await self._forget(watch.list_name, "", before)

    async def _forget(self, name: str, part: str, before: int | None) -> None:
        """A slice at a time, so that nobody waits for it."""
        while before is not None and await self._store.forget_items(name, before, part):
            await self._clock.sleep(0)

    # by hand

    def of(self, name: str) -> list[Keeper]:
        """The parts of a poll; RelayError where the file has none of that name."""
        if name not in self._keepers:
            raise RelayError(f"there is no poll {name!r}", f"there are {', '.join(self._keepers) or 'none'}")
        return self._keepers[name]

    async def reset(self, name: str) -> None:
        """Forget how far a poll came: its next pass is a first one."""
        keepers = self.of(name)
        before = self.backfills.get(name)
        if before is not None and not before.done:
            raise RelayError(f"a backfill of {name} runs", "wait until it is over: relay poll status")
        async with AsyncExitStack() as stack:
            for keeper in keepers:
                await stack.enter_async_context(keeper.lock)
                stack.callback(keeper.wake.set)
            if keepers[0].runner.poll.config.change is None:
                await self._store.forget_poll(name)
                return
            # the `n` of its items goes on: the keys `id#1`, … are known, and would hide the next changes
            for part in self._store.poll_parts(name):
                self._store.remember_poll(name, part, dump(PartState()))
            await self._store.flush()

    async def run_now(self, name: str, *, rehearsal: bool = False) -> list[tuple[str, Passed]]:
        """One pass of each part now, also of a poll that sleeps; what came of it, by part."""
        return [
            (keeper.runner.part.name, await keeper.run_now(rehearsal=rehearsal)) for keeper in self.of(name)
        ]

    def backfill(self, name: str, since: int, until: int) -> Backfill:
        """Begin to read a stretch of the past again; RelayError while another one of this poll runs."""
        keepers, before = self.of(name), self.backfills.get(name)
        if before is not None and not before.done:
            raise RelayError(f"a backfill of {name} runs already", "relay poll status shows how far it is")
        begun = self.backfills[name] = Backfill(since, until)
        task = asyncio.ensure_future(self._backfill(name, begun, keepers))
        self._backfilling.add(task)
        task.add_done_callback(partial(self._backfilled, begun))
        return begun

    def _backfilled(self, begun: Backfill, task: "asyncio.Task[None]") -> None:
        self._backfilling.discard(task)
        begun.done = True
        if task.cancelled():
            begun.error = "cut off by a stop"
        elif (error := task.exception()) is not None:
            begun.error = "a fault of relay's own"
            log.error("poll.backfill-failed", exc_info=error)

    async def _backfill(self, name: str, begun: Backfill, keepers: list[Keeper]) -> None:
        try:
            await begun.run(
                [keeper.runner for keeper in keepers],
                self._store.forget_poll,
                [keeper.lock for keeper in keepers],
            )
        except StoreUnavailable as error:
            begun.error = error.message
        log.info("poll.backfilled", poll=name, new=begun.new, known=begun.known, error=begun.error)


def _failing(words: Mapping[str, str], error: str) -> Alert:
    """`words`: the poll, and the part of it, if it has several."""
    text = f"poll {_said(words)} fails: {error}"
    return Alert("poll.failing", words["poll"], text, {**words, "error": error})


def _gap(words: Mapping[str, str], missed: Missed) -> Alert:
    """In the words of `relay.gap`."""
    since, until = rfc3339(missed.since), rfc3339(missed.until)
    text = f"poll {_said(words)} may have missed what happened from {since} to {until}"
    return Alert("poll.gap", words["poll"], text, {**words, "from": since, "to": until})


def _said(words: Mapping[str, str]) -> str:
    return " ".join(words.values())
