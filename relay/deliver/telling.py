"""What is told of deliveries and targets: log lines, metrics, and relay's own events."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from relay.alert import Alert, Tell, untold
from relay.clock import SECOND
from relay.delivery import Attempt, Dead, Delivered, Delivery, Ended, Outcome, Retry, Skipped
from relay.event import Event
from relay.metrics import Metrics
from relay.route import OWN_SOURCE
from relay.signs import span
from relay.target import TargetState

log = structlog.get_logger()

WORDS: Final[Mapping[type, str]] = {Delivered: "delivered", Dead: "dead", Skipped: "skipped"}
"""Outcomes as the metric calls them; the others are `retry`."""


class Telling:
    """`tell` is replaced when there is somebody who listens."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.tell: Tell = untold
        self._resumed: dict[str, int] = {}
        """Targets that were resumed by hand while they were down, and since when: are they back?"""
        self._untold: set[str] = set()
        """Targets that are down, of which that was not told."""

    def settled(
        self,
        target: str,
        deliveries: tuple[Delivery, ...],
        outcome: Outcome,
        attempt: Attempt | None,
        now: int,
    ) -> None:
        """What became of deliveries that were claimed together."""
        self._metrics.delivery(target, WORDS.get(type(outcome), "retry")).inc(len(deliveries))
        match outcome:
            case Delivered() if target in self._resumed:
                self._recovered(target, self._resumed.pop(target), now)
            case Dead(reason):
                for delivery in deliveries:
                    log.warning("delivery.dead", delivery=delivery.id, target=target, error=reason)
                    self._dead(target, delivery, reason)
            case Retry(at) if attempt is not None:
                log.info(
                    "delivery.failed",
                    delivery=deliveries[0].id,
                    target=target,
                    attempt=attempt.n,
                    error=attempt.error,
                    again_in_seconds=round((at - now) / SECOND),
                    **({"count": len(deliveries)} if len(deliveries) > 1 else {}),
                )

    def _dead(self, target: str, delivery: Delivery, reason: str) -> None:
        event = delivery.event
        if event.source == OWN_SOURCE:
            return  # nothing is told of what tells: that could go on for ever
        text = f"delivery {delivery.id} to {target} is given up: {reason}"
        detail = {"error": reason, "event_id": event.id, "route": delivery.route}
        self.tell(Alert("delivery.dead", target, text, detail))

    def ended(self, target: str, ended: Ended, reason: str) -> None:
        """Deliveries that were ended without having been claimed."""
        if not ended.count:
            return
        self._metrics.delivery(target, "dead").inc(ended.count)
        log.warning("delivery.dead", target=target, count=ended.count, error=reason)
        count = ended.count - ended.own
        if count:
            text = f"deliveries to {target} are given up: {reason}"
            detail = {"error": reason, "event_id": ended.event, "route": ended.route}
            self.tell(Alert("delivery.dead", target, text, detail, count))

    def changed(
        self,
        target: str,
        before: TargetState,
        state: TargetState,
        why: str,
        now: int,
        tried: Sequence[Delivery] = (),
    ) -> bool:
        """A target is another than it was; whether nothing but probes goes to it from now on.

        `tried`: what showed it. Where that only tells of this very target, it has told enough.
        """
        if state.paused_at is not None and before.paused_at is None:
            log.warning("target.paused", target=target, error=why)
            self.tell(Alert("target.paused", target, f"target {target} is paused: {why}", {"reason": why}))
            return True
        fell = state.down_at is not None and before.down_at is None
        if fell:
            log.warning("target.down", target=target, error=why)
            self._resumed.pop(target, None)
            self._untold.add(target)
        if state.down_at is not None and target in self._untold and not _tells_of(target, tried):
            self._untold.remove(target)
            self.tell(Alert("target.down", target, f"target {target} is down: {why}", {"error": why}))
        if state.down_at is None and before.down_at is not None:
            self._recovered(target, before.down_at, now)
        elif not fell and state.wait_until != before.wait_until:
            log.info("target.wait", target=target, seconds=round((state.wait_until - now) / SECOND, 1))
        return fell

    def _recovered(self, target: str, down_at: int, now: int) -> None:
        seconds = round((now - down_at) / SECOND, 1)
        log.info("target.recovered", target=target, seconds=seconds)
        if target in self._untold:
            self._untold.remove(target)
            return
        text = f"target {target} is back after {span(seconds)}"
        self.tell(Alert("target.recovered", target, text, {"seconds": seconds}))

    def resumed(self, target: str, before: TargetState) -> None:
        """A target was resumed by hand: whether one that was down is back will be seen."""
        log.info("target.resumed", target=target)
        if before.down_at is not None:
            self._resumed[target] = before.down_at


def _tells_of(target: str, deliveries: Sequence[Delivery]) -> bool:
    """Whether these are relay's own events that tell of `target`: with a target that comes and goes, each of
    them would make the next one, for ever.
    """
    own = [each.event for each in deliveries if each.event.source == OWN_SOURCE]
    about = [event for event in own if event.type.startswith("target.") and _name(event) == target]
    return len(about) == len(deliveries) > 0


def _name(event: Event) -> object:
    return json.loads(event.body)["name"]
