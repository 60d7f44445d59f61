"""The worker: wakes where something is due, claims what the gate has room for, settles what comes of it.

One loop, no polling: the store wakes it, an attempt that ends wakes it, or time does.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from relay.clock import SECOND, Clock
from relay.deliver.lane import Lane
from relay.deliver.retry import TOO_OLD, judge, judge_target
from relay.deliver.targets.protocol import Reply, Verdict
from relay.delivery import Attempt, Dead, Delivery, Outcome, Retry, Settlement
from relay.errors import StoreUnavailable
from relay.metrics import Metrics
from relay.store.protocol import Store
from relay.target import TargetState

log = structlog.get_logger()

UNSETTLED: Final = 2048
"""Results that wait for a commit at most: with more, nothing new begins."""
HOLD_BACK: Final = SECOND
"""While nothing may begin: how soon to ask again, at the latest."""
LOOK_AT_STORE: Final = SECOND
"""How often a store that fails is looked at, should it not wake us."""
LOOK_FOR_OLD: Final = 60 * SECOND
"""How often deliveries of a target that is down are looked through for their age, at most."""


class Worker:
    """Delivers. `lanes` is replaced as a whole by a reload."""

    def __init__(
        self, store: Store, clock: Clock, metrics: Metrics, spread: Callable[[], float] = random.random
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._spread = spread
        """Random numbers in [0, 1), for jitter."""
        self._wake = asyncio.Event()
        self._woken: set[str] = set()
        self._running: dict[asyncio.Task[None], Delivery] = {}
        self._stopping = False
        store.listen(self.wake)

    # life

    async def run(self) -> None:
        """Deliver until cancelled or told to `drain`."""
        while not self._stopping:
            now = self._clock.now()
            may = self._may_begin()
            for name in self._turn(now) if may else ():
                if not self._stopping and (lane := self.lanes.get(name)):
                    await self._fill(lane, now)
            await self._clock.wait(self._wake, self._next_turn() if may else now + HOLD_BACK)
            self._wake.clear()

    async def drain(self, seconds: float) -> None:
        """Begin nothing more; wait for what runs, then cut it off: it stays pending."""
        self._stopping = True
        self._wake.set()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def wake(self, targets: Iterable[str] | None = None) -> None:
        """Look at `targets` (None: at all of them)."""
        self._woken.update(self.lanes if targets is None else targets)
        self._wake.set()

    def pause(self, target: str, why: str) -> None:
        """Deliver nothing to `target` until it is resumed."""
        state = self._store.target_state(target)
        if state.paused_at is None:
            self._store.remember(target, state.pause(self._clock.now(), why))
            self._store.shelve(target)
            log.warning("target.paused", target=target, error=why)

    def resume(self, target: str) -> None:
        """Deliver again, at once, also to one that is down or told us to wait."""
        self._store.remember(target, self._store.target_state(target).resume(self._clock.now()))
        log.info("target.resumed", target=target)
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
        room = lane.gate.room(state, now)
        claimed = await self._store.claim(lane.name, room, now) if room else []
        for delivery in claimed:
            if lane.policy.too_old(delivery, state.time(now)):
                self._settle(lane, delivery, Dead(TOO_OLD), None)
                lane.old_at = 0  # where one is, more may be
            else:
                self._begin(lane, delivery, state, now)
        if state.down_at is not None:
            await self._end_old(lane, state, now)
        lane.wake_at = self._look_again(lane, now)

    def _look_again(self, lane: Lane, now: int) -> int | None:
        state = self._store.target_state(lane.name)
        due, opens = self._store.due_at(lane.name, now), lane.gate.opens_at(state, now)
        if due is None or opens is None:
            return None
        at = max(due, opens)
        # due, and room for it: the store is reading, and will wake us
        return at if at > now else None

    def _begin(self, lane: Lane, delivery: Delivery, state: TargetState, now: int) -> None:
        probe = lane.gate.enter(state, now)
        task = asyncio.create_task(self._try(lane, delivery, probe=probe))
        self._running[task] = delivery
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        delivery = self._running.pop(task)
        if task.cancelled():
            self._store.release([delivery])
        elif error := task.exception():
            log.error("delivery.error", delivery=delivery.id, exc_info=error)
            self._store.release([delivery])
        self.wake((delivery.target,))

    # one attempt

    async def _try(self, lane: Lane, delivery: Delivery, *, probe: bool) -> None:
        began, started = self._clock.now(), time.perf_counter()
        try:
            reply = await lane.target.send((delivery,), began)
        except Exception as error:
            log.error("delivery.error", delivery=delivery.id, target=lane.name, exc_info=error)
            reply = Reply(Verdict.FAILED, error=f"an error of relay's own ({type(error).__name__})")
        finally:
            lane.gate.leave(probe=probe)
        seconds = time.perf_counter() - started
        attempt = Attempt(delivery.attempts + 1, began, seconds, reply.status, reply.error, probe)
        self._metrics.delivery_seconds(lane.name).observe(seconds)
        self._conclude(lane, delivery, reply, attempt)

    def _conclude(self, lane: Lane, delivery: Delivery, reply: Reply, attempt: Attempt) -> None:
        """What the answer means for the target, then for the delivery."""
        now, before = self._clock.now(), self._store.target_state(lane.name)
        record = lane.gate.record
        state = judge_target(reply, delivery, before, record, now, probe=attempt.probe, spread=self._spread)
        if state is not before:
            self._change(lane, before, state, reply)
        outcome = judge(reply, delivery, lane.policy, state, now, self._spread)
        self._settle(lane, delivery, outcome, attempt)

    def _settle(self, lane: Lane, delivery: Delivery, outcome: Outcome, attempt: Attempt | None) -> None:
        self._store.settle((Settlement(delivery, outcome, attempt),))
        self._metrics.delivery(lane.name, _word(outcome)).inc()
        if isinstance(outcome, Dead):
            log.warning("delivery.dead", delivery=delivery.id, target=lane.name, error=outcome.reason)
        elif isinstance(outcome, Retry) and attempt is not None:
            seconds = round((outcome.at - self._clock.now()) / SECOND)
            log.info(
                "delivery.failed",
                delivery=delivery.id,
                target=lane.name,
                attempt=attempt.n,
                error=attempt.error,
                again_in_seconds=seconds,
            )

    def _change(self, lane: Lane, before: TargetState, state: TargetState, reply: Reply) -> None:
        """The target is another than it was: written down, told, and its backlog let go or woken."""
        self._store.remember(lane.name, state)
        if state.paused_at is not None and before.paused_at is None:
            log.warning("target.paused", target=lane.name, error=reply.error)
            self._store.shelve(lane.name)
        elif state.down_at is not None and before.down_at is None:
            log.warning("target.down", target=lane.name, error=state.down_why)
            self._store.shelve(lane.name)
            lane.old_at = 0
        elif state.down_at is None and before.down_at is not None:
            down = (self._clock.now() - before.down_at) / SECOND
            log.info("target.recovered", target=lane.name, seconds=round(down, 1))
        elif reply.verdict is Verdict.LATER:
            log.info("target.wait", target=lane.name, seconds=reply.retry_after)

    async def _end_old(self, lane: Lane, state: TargetState, now: int) -> None:
        """Only `max_age` ends a delivery of a target that is down, and no attempt meets it there."""
        if now < lane.old_at:
            return
        before = state.time(now) - lane.policy.max_age
        self._store.shelve(lane.name)  # what is ready would be passed over
        try:
            ended, oldest = await self._store.end_old(lane.name, before, TOO_OLD, now)
        except StoreUnavailable:
            return  # commits fail, and are told elsewhere; the next turn looks again
        self._metrics.delivery(lane.name, "dead").inc(ended)
        if ended:
            log.warning("delivery.dead", target=lane.name, count=ended, error=TOO_OLD)
        if ended and oldest is not None and oldest <= before:
            self.wake((lane.name,))  # there are more than go at once
            return
        next_old = now if oldest is None else oldest - before + now
        lane.old_at = max(next_old, now + LOOK_FOR_OLD)


def _word(outcome: Outcome) -> str:
    """As the metric calls it."""
    return {"Delivered": "delivered", "Dead": "dead"}.get(type(outcome).__name__, "retry")
