"""A lane: everything the worker has of one target."""

from dataclasses import dataclass

from relay.clock import micros
from relay.config.schema import TargetConfig
from relay.deliver.bucket import Bucket
from relay.deliver.gate import Gate
from relay.deliver.retry import Policy
from relay.deliver.targets.open import Means, open_target
from relay.deliver.targets.protocol import Target


@dataclass(slots=True)
class Lane:
    """`table` is what the others were made from."""

    name: str
    table: TargetConfig
    target: Target
    gate: Gate
    policy: Policy
    wake_at: int | None = None
    """When to look at it again though nothing has happened."""
    old_at: int = 0
    """While it is down: when to look for deliveries that have become too old."""


def open_lane(name: str, table: TargetConfig, means: Means, before: Lane | None = None) -> Lane:
    """A new lane; the gate of `before`, the same target's, stays: what runs will leave by it."""
    gate = Gate(table.concurrency) if before is None else before.gate
    gate.concurrency = table.concurrency
    if before is None or before.table.rate != table.rate:
        gate.bucket = Bucket(table.rate) if table.rate else None
    retry = table.retry
    policy = Policy(retry.schedule, retry.jitter, micros(retry.max_age))
    return Lane(name, table, open_target(table, means), gate, policy)
