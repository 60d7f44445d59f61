"""Preparing deliveries before the gate: at once, on a thread, or behind an answer of an api."""

import asyncio
from collections.abc import Callable, Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import structlog

from relay.clock import SECOND, Clock
from relay.deliver.enrich.enricher import Answers, Enricher, Enrichment, NotYet
from relay.deliver.lane import Lane
from relay.deliver.message import NO_PUTS
from relay.deliver.retry import Tried, next_step
from relay.deliver.shape import Shape
from relay.deliver.targets.protocol import Message, Reply, Verdict
from relay.delivery import Attempt, Delivery, Outcome, Postponed, Retry
from relay.store.protocol import Store

log = structlog.get_logger()

THREADS: Final = 2
"""On which messages are composed that take more than a moment."""
Prepared: TypeAlias = Callable[[Lane, Delivery, Message | Outcome, Attempt | None], None]


class Preparer:
    """Composes messages. `begin` says who is told what came of it."""

    def __init__(self, store: Store, clock: Clock, enricher: Enricher, spread: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._enricher = enricher
        self._spread = spread
        self._threads = ThreadPoolExecutor(THREADS, "compose")
        self._tasks: dict[asyncio.Task[None], Delivery] = {}
        self._prepared: Prepared = lambda *_: None
        self._wake: Callable[[Iterable[str]], None] = lambda _: None

    def begin(self, prepared: Prepared, wake: Callable[[Iterable[str]], None]) -> None:
        """`prepared` is called with each delivery that is ready or over, `wake` where that was later."""
        self._prepared, self._wake = prepared, wake

    def prepare(self, lane: Lane, delivery: Delivery, age: int) -> None:
        """Make a message of a delivery that was claimed, now or later. `age`: in microseconds."""
        try:
            chosen = lane.composer.shape_of(delivery)
            needed = self._enricher.needed(chosen)
            made = None if needed else lane.composer.compose_quickly(delivery, chosen)
        except Exception as error:  # noqa: BLE001  whatever it is, it is one delivery's
            self._broken(lane, delivery, error)
            return
        if made is not None:
            self._prepared(lane, delivery, made, None)
            return
        counted = not needed
        lane.preparing += counted
        lane.asking += not counted
        task = asyncio.create_task(self._later(lane, delivery, chosen, needed, age))
        self._tasks[task] = delivery
        task.add_done_callback(lambda task: self._ended(lane, task, counted=counted))

    def recall(self, targets: Container[str]) -> None:
        """Give back what is being prepared for `targets`."""
        for task, delivery in self._tasks.items():
            if delivery.target in targets:
                task.cancel()

    async def close(self) -> None:
        """Prepare nothing more; what was being prepared stays pending."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ended(self, lane: Lane, task: "asyncio.Task[None]", *, counted: bool) -> None:
        delivery = self._tasks.pop(task)
        lane.preparing -= counted
        lane.asking -= not counted
        if task.cancelled():
            self._store.release([delivery])
        elif (error := task.exception()) is not None:
            self._broken(lane, delivery, error)
        self._wake((lane.name,))

    async def _later(
        self,
        lane: Lane,
        delivery: Delivery,
        chosen: Shape | None,
        needed: tuple[Enrichment, ...],
        age: int,
    ) -> None:
        puts: Any = NO_PUTS
        if needed:
            began = self._clock.now()
            found = await self._enricher.ask(delivery, needed, age, last=lane.policy.is_last(delivery))
            if isinstance(found, NotYet):
                self._not_yet(lane, delivery, found, began)
                return
            if not isinstance(found, Answers):
                self._prepared(lane, delivery, found, None)
                return
            puts = found.puts
        made = lane.composer.compose_quickly(delivery, chosen, puts)
        if made is None:
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self._threads, lane.composer.compose, delivery, chosen, puts)
        self._prepared(lane, delivery, made, None)

    def _not_yet(self, lane: Lane, delivery: Delivery, found: NotYet, began: int) -> None:
        """There is no answer yet: by the delivery's own schedule, or when the api wants to be asked again."""
        if found.until is not None:
            self._prepared(lane, delivery, Postponed(found.until), None)
        else:
            self._failed(lane, delivery, found.why, began, found.by)

    def _broken(self, lane: Lane, delivery: Delivery, error: BaseException) -> None:
        """A fault of ours is no reason to give a delivery up: it may be gone with the next version."""
        log.error("delivery.error", delivery=delivery.id, target=lane.name, exc_info=error)
        why = f"an error of relay's own ({type(error).__name__})"
        self._failed(lane, delivery, why, self._clock.now())

    def _failed(self, lane: Lane, delivery: Delivery, why: str, began: int, by: int | None = None) -> None:
        """It came to no request: that spends a step of its schedule, and says nothing of its target.

        `by`: when it is due again at the latest.
        """
        now = self._clock.now()
        tried = Tried(Reply(Verdict.FAILED, error=why), delivery, now, self._spread)
        outcome = next_step(tried, lane.policy, self._store.target_state(lane.name))
        if isinstance(outcome, Retry) and by is not None:
            outcome = Retry(min(outcome.at, max(by, now)))
        attempt = Attempt(delivery.attempts + 1, began, (now - began) / SECOND, None, why)
        self._prepared(lane, delivery, outcome, attempt)
