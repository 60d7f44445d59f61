"""The worker: wakes where something is due, claims what the gate has room for, settles what comes of it.

One loop, no polling: the store wakes it, an attempt that ends wakes it, or time does. A delivery is claimed,
prepared (a message is composed of it, which holds no slot), sent and settled.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from relay.clock import SECOND, Clock
from relay.deliver.batch import batch_number
from relay.deliver.lane import Lane
from relay.deliver.preparer import Preparer
from relay.deliver.retiring import Retiring
from relay.deliver.retry import TOO_OLD, Tried, judge, judge_target
from relay.deliver.targets.protocol import Message, Reply, Verdict
from relay.deliver.telling import Telling
from relay.delivery import Attempt, Dead, Delivery, Outcome, Settlement
from relay.errors import StoreUnavailable
from relay.metrics import Metrics
from relay.store.protocol import Store
from relay.target import TargetState

log = structlog.get_logger()

UNSETTLED: Final = 2048
"""Results that wait for a commit at most: with more, nothing new begins."""
AT_ONCE: Final = 32
"""Deliveries of one target that are prepared before others have their turn."""
HOLD_BACK: Final = SECOND
"""While nothing may begin: how soon to ask again, at the latest."""
LOOK_FOR_OLD: Final = 60 * SECOND
"""How often deliveries of a target that is down are looked through for their age, at most."""


class Worker:
    """Delivers by `lanes`, which a reload replaces as a whole."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        preparer: Preparer,
        telling: Telling,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._preparer = preparer
        self._telling = telling
        self._spread = spread
        """Random numbers in [0, 1), for jitter."""
        self._wake = asyncio.Event()
        self._woken: set[str] = set()
        self._running: dict[asyncio.Task[None], tuple[Lane, Message]] = {}
        self._retiring = Retiring()
        self._stopping = False
        store.listen(self.wake, self._recall)
        preparer.begin(self._prepared, self.wake)

    # life

    async def run(self) -> None:
        """Deliver until cancelled or told to `drain`."""
        while not self._stopping:
            now = self._clock.now()
            may = self._may_begin()
            for name in self._turn(now) if may else ():
                if not self._stopping and (lane := self.lanes.get(name)):
                    await self._fill(lane, now)
                    if self._wake.is_set():
                        await asyncio.sleep(0)  # where each turn brings the next, others have theirs
            await self._clock.wait(self._wake, self._next_turn() if may else now + HOLD_BACK)
            self._wake.clear()

    async def drain(self, seconds: float) -> None:
        """Begin nothing more; wait for what runs, then cut it off: it stays pending."""
        self._stopping = True
        self._wake.set()
        await self._preparer.close()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        self.put_in_force({})
        await self._retiring.wait()

    def put_in_force(self, lanes: dict[str, Lane]) -> None:
        """Deliver by these from now on. What others have prepared is prepared anew."""
        before, self.lanes = self.lanes, lanes
        for lane in before.values():
            self._store.release(lane.empty())
            self._retire(lane)
        self.wake()

    def wake(self, targets: Iterable[str] | None = None) -> None:
        """Look at `targets` (None: at all of them)."""
        self._woken.update(self.lanes if targets is None else targets)
        self._wake.set()

    def _recall(self, targets: Iterable[str]) -> None:
        """What was claimed may be another by its row, or discarded: it is claimed anew."""
        self._preparer.recall(set(targets))
        for lane in [self.lanes[name] for name in targets if name in self.lanes]:
            self._store.release(lane.empty())

    def pause(self, target: str, why: str) -> None:
        """Deliver nothing to `target` until it is resumed."""
        before = self._store.target_state(target)
        if before.paused_at is None:
            self._change(target, before, before.pause(self._clock.now(), why), why)

    def resume(self, target: str) -> None:
        """Deliver again, at once, also to one that is down or told us to wait."""
        before = self._store.target_state(target)
        self._store.remember(target, before.resume(self._clock.now()))
        self._telling.resumed(target, before)
        self.wake((target,))

    # one turn

    def _may_begin(self) -> bool:
        """No delivery starts while commits fail, or while too many results wait for one.

        A disk that is nearly full stops none: what is delivered may go, and makes room.
        """
        pulse = self._store.pulse()
        return self._store.unsettled < UNSETTLED and (pulse.failing is None or pulse.full)

    def _turn(self, now: int) -> list[str]:
        """The lanes to look at now; a reload may replace them while one is being looked at."""
        woken, self._woken = self._woken, set()
        due = [lane.name for lane in self.lanes.values() if lane.wake_at is not None and lane.wake_at <= now]
        return [*due, *woken]

    def _next_turn(self) -> int | None:
        times = [lane.wake_at for lane in self.lanes.values() if lane.wake_at is not None]
        return min(times) if times else None

    async def _fill(self, lane: Lane, now: int) -> None:
        """Begin as many attempts at `lane` as there are room and deliveries for; note when to look again."""
        state = self._store.target_state(lane.name)
        if lane.gate.is_shut(state, now):
            self._store.release(lane.empty())  # its age is looked at when it is claimed anew
        room = self._send_ready(lane, state, now)
        wanted = min(lane.wanted(room), AT_ONCE)
        claimed = await self._store.claim(lane.name, wanted, now) if wanted > 0 else []
        target_time = state.time(now)
        for delivery in claimed:
            if lane.policy.too_old(delivery, target_time):
                self._settle(lane, (delivery,), Dead(TOO_OLD), None, now)
                lane.old_at = 0  # where one is, more may be
            else:
                self._preparer.prepare(lane, delivery, target_time - delivery.born)
        room = self._send_ready(lane, state, now)
        if state.down_at is not None:
            await self._end_old(lane, state, now)
        if claimed and lane.wanted(room) > 0:
            self.wake((lane.name,))  # not all of them took a slot
        lane.wake_at = self._look_again(lane, now)

    def _send_ready(self, lane: Lane, state: TargetState, now: int) -> int:
        """Begin attempts with what is ready; how much room is left."""
        room = lane.gate.room(state, now)
        while room > 0 and (message := lane.next_ready(now)) is not None:
            room -= 1
            probe = lane.gate.enter(state, now)
            lane.sending += 1
            task = asyncio.create_task(self._try(lane, message, probe=probe))
            self._running[task] = (lane, message)
            task.add_done_callback(self._ended)
        return room

    def _look_again(self, lane: Lane, now: int) -> int | None:
        state = self._store.target_state(lane.name)
        due, opens = self._store.due_at(lane.name, now), lane.gate.opens_at(state, now)
        gathered = lane.gathered_at(now)
        if gathered is not None:
            due = gathered if due is None or due <= now else min(due, gathered)
        if due is None or opens is None:
            return None
        at = max(due, opens)
        # due, and room for it: the store is reading, and will wake us
        return at if at > now else None

    def _prepared(
        self, lane: Lane, delivery: Delivery, made: Message | Outcome, attempt: Attempt | None
    ) -> None:
        """A delivery came out of its preparation: ready, or ended without having been sent."""
        if self._stopping:
            return
        if self.lanes.get(lane.name) is not lane:
            self._store.release([delivery])
        elif isinstance(made, Message):
            lane.add(made, self._clock.now())
        else:
            self._settle(lane, (delivery,), made, attempt, self._clock.now())

    # one attempt

    async def _try(self, lane: Lane, message: Message, *, probe: bool) -> None:
        began, started = self._clock.now(), time.perf_counter()
        try:
            reply = await lane.target.send(message, began)
        except Exception as error:
            log.error("delivery.error", delivery=message.deliveries[0].id, target=lane.name, exc_info=error)
            reply = Reply(Verdict.FAILED, error=f"an error of relay's own ({type(error).__name__})")
        finally:
            lane.gate.leave(probe=probe)
        seconds = time.perf_counter() - started
        attempt = Attempt(message.attempts + 1, began, seconds, reply.status, reply.error, probe)
        self._metrics.delivery_seconds(lane.name).observe(seconds)
        self._conclude(lane, message, reply, attempt)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        lane, message = self._running.pop(task)
        lane.sending -= 1
        if task.cancelled():
            self._store.release(message.deliveries)
        elif error := task.exception():
            log.error("delivery.error", delivery=message.deliveries[0].id, exc_info=error)
            self._store.release(message.deliveries)
        if self.lanes.get(lane.name) is not lane:
            self._retire(lane)
        self.wake((lane.name,))

    def _retire(self, lane: Lane) -> None:
        """Nothing is sent by `lane` any more, unless something is."""
        busy = [other for other, _ in self._running.values()]
        self._retiring.retire(lane, [*busy, *self.lanes.values()])

    def _conclude(self, lane: Lane, message: Message, reply: Reply, attempt: Attempt) -> None:
        """What the answer means for the target, then for what was sent: one outcome for all of it."""
        now, before = self._clock.now(), self._store.target_state(lane.name)
        tried = Tried(reply, message.youngest, now, self._spread, attempt.probe)
        state = judge_target(tried, before, lane.gate.record)
        if state is not before:
            self._change(lane.name, before, state, tried.why, message.deliveries)
        outcome = judge(tried, lane.policy, state)
        batch = batch_number(message) if lane.gathering is not None else None
        self._settle(lane, message.deliveries, outcome, attempt, now, batch)

    def _settle(
        self,
        lane: Lane,
        deliveries: tuple[Delivery, ...],
        outcome: Outcome,
        attempt: Attempt | None,
        now: int,
        batch: int | None = None,
    ) -> None:
        self._store.settle([Settlement(delivery, outcome, attempt, batch) for delivery in deliveries])
        self._telling.settled(lane.name, deliveries, outcome, attempt, now)

    def _change(
        self, name: str, before: TargetState, state: TargetState, why: str, tried: tuple[Delivery, ...] = ()
    ) -> None:
        """The target is another than it was: written down, told, and what is held for it let go."""
        self._store.remember(name, state)
        if self._telling.changed(name, before, state, why, self._clock.now(), tried):
            lane = self.lanes.get(name)
            if lane is not None:
                lane.old_at = 0
                self._store.release(lane.empty())
            self._store.shelve(name)

    async def _end_old(self, lane: Lane, state: TargetState, now: int) -> None:
        """Only `max_age` ends a delivery of a target that is down, and no attempt meets it there."""
        if now < lane.old_at:
            return
        before = state.time(now) - lane.policy.max_age
        self._store.shelve(lane.name)  # what is ready would be passed over
        try:
            ended = await self._store.end_old(lane.name, before, TOO_OLD, now)
        except StoreUnavailable:
            return  # commits fail, and are told elsewhere; the next turn looks again
        self._telling.ended(lane.name, ended, TOO_OLD)
        oldest = ended.oldest
        if ended.count and oldest is not None and oldest <= before:
            self.wake((lane.name,))  # there are more than go at once
            return
        next_old = now if oldest is None else oldest - before + now
        lane.old_at = max(next_old, now + LOOK_FOR_OLD)
