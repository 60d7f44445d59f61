"""What is told of deliveries and targets: log lines, metrics, and relay's own events."""

import structlog

from relay.alert import Alert, Tell, untold
from relay.clock import SECOND
from relay.delivery import Attempt, Dead, Delivery, Outcome, Retry
from relay.metrics import Metrics
from relay.route import OWN_SOURCE
from relay.target import TargetState

log = structlog.get_logger()


class Telling:
    """`tell` is replaced when there is somebody who listens."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.tell: Tell = untold

    def settled(
        self,
        target: str,
        deliveries: tuple[Delivery, ...],
        outcome: Outcome,
        attempt: Attempt | None,
        now: int,
    ) -> None:
        """What became of deliveries that were claimed together."""
        self._metrics.delivery(target, _word(outcome)).inc(len(deliveries))
        match outcome:
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

    def ended(self, target: str, count: int, reason: str) -> None:
        """Deliveries that were ended without having been claimed."""
        self._metrics.delivery(target, "dead").inc(count)
        if count:
            log.warning("delivery.dead", target=target, count=count, error=reason)
            text = f"{count} deliveries to {target} are given up: {reason}"
            self.tell(Alert("delivery.dead", target, text, {"error": reason}, count))

    def changed(self, target: str, before: TargetState, state: TargetState, why: str, now: int) -> bool:
        """A target is another than it was; whether nothing but probes goes to it from now on."""
        if state.paused_at is not None and before.paused_at is None:
            log.warning("target.paused", target=target, error=why)
            self.tell(Alert("target.paused", target, f"target {target} is paused: {why}", {"error": why}))
            return True
        if state.down_at is not None and before.down_at is None:
            log.warning("target.down", target=target, error=why)
            self.tell(Alert("target.down", target, f"target {target} is down: {why}", {"error": why}))
            return True
        if state.down_at is None and before.down_at is not None:
            seconds = round((now - before.down_at) / SECOND, 1)
            log.info("target.recovered", target=target, seconds=seconds)
            text = f"target {target} is back after {seconds:g} s"
            self.tell(Alert("target.recovered", target, text, {"seconds": seconds}))
        elif state.wait_until != before.wait_until:
            log.info("target.wait", target=target, seconds=round((state.wait_until - now) / SECOND, 1))
        return False


def _word(outcome: Outcome) -> str:
    """As the metric calls it."""
    return {"Delivered": "delivered", "Dead": "dead", "Skipped": "skipped"}.get(
        type(outcome).__name__, "retry"
    )
