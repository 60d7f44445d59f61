"""A lane: everything the worker has of one target."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from relay.bucket import Bucket
from relay.clock import micros
from relay.config.schema import Config
from relay.config.target import TargetConfig
from relay.deliver.batch import Gathering
from relay.deliver.format import open_format
from relay.deliver.gate import Gate
from relay.deliver.headers import Envelope
from relay.deliver.message import Composer
from relay.deliver.retry import Policy
from relay.deliver.shape import Shape
from relay.deliver.targets.open import Maker, Means, prepare_target
from relay.deliver.targets.protocol import Message, Target
from relay.delivery import Delivery
from relay.errors import Problem

MOST_ASKING: Final = 256
"""Deliveries of one target that wait for answers of apis at most."""


class Blueprint(NamedTuple):
    """What lanes are made of: of a file that was found sound."""

    makers: Mapping[str, Maker]
    """By target."""
    shapes: Mapping[str, Shape | None]
    """By route; None: it leaves its events as they are."""
    public_url: str | None = None
    cloudevents: frozenset[str] = frozenset()
    """The sources whose senders post CloudEvents."""


@dataclass(slots=True, eq=False)
class Lane:
    """`table` is what the others were made from."""

    name: str
    table: TargetConfig
    target: Target
    gate: Gate
    policy: Policy
    composer: Composer
    gathering: Gathering | None = None
    ready: deque[Message] = field(default_factory=deque)
    """Composed, and waiting for room at the gate."""
    preparing: int = 0
    """Deliveries that take a thread, or an answer of an api, before they are ready."""
    asking: int = 0
    """Deliveries that an api is asked for: they hold no slot, but memory."""
    sending: int = 0
    """Attempts under way."""
    wake_at: int | None = None
    """When to look at it again though nothing has happened."""
    old_at: int = 0
    """While it is down: when to look for deliveries that have become too old."""

    def wanted(self, room: int) -> int:
        """How many deliveries may be claimed, `room` attempts being free."""
        if self.gathering is not None:
            room = room * self.gathering.max - self.gathering.waiting
        return min(room - self.preparing, MOST_ASKING - self.asking)

    def add(self, message: Message, now: int) -> None:
        """A delivery is ready to go, or to wait for others to go with."""
        if self.gathering is None:
            self.ready.append(message)
        else:
            self.ready.extend(self.gathering.add(message, now))

    def next_ready(self, now: int) -> Message | None:
        """What goes out next; None: nothing is ready."""
        if self.gathering is not None and not self.ready:
            self.ready.extend(self.gathering.due(now))
        return self.ready.popleft() if self.ready else None

    def gathered_at(self, now: int) -> int | None:
        """When something that was claimed may go, as far as time alone decides; None: nothing waits here."""
        if self.ready:
            return now
        return None if self.gathering is None else self.gathering.due_at()

    def empty(self) -> list[Delivery]:
        """Give back all that was claimed, and is not being sent."""
        held = [delivery for message in self.ready for delivery in message.deliveries]
        self.ready.clear()
        return held if self.gathering is None else held + self.gathering.clear()


def open_blueprint(config: Config, shapes: Mapping[str, Shape]) -> tuple[Blueprint, list[Problem]]:
    """What the lanes of a file are made of, and all that is wrong with its targets."""
    makers: dict[str, Maker] = {}
    problems: list[Problem] = []
    for name, table in config.target.items():
        made = prepare_target(name, table)
        if isinstance(made, list):
            problems += made
        else:
            makers[name] = made
    cloudevents = frozenset(
        name for name, source in config.source.items() if source.provider == "cloudevents"
    )
    by_route = {name: shapes.get(name) for name in config.route}
    return Blueprint(makers, by_route, config.server.public_url, cloudevents), problems


def open_lane(
    name: str,
    table: TargetConfig,
    blueprint: Blueprint,
    means: Means,
    envelope: Envelope,
    before: Lane | None = None,
) -> Lane:
    """A new lane. Of `before`, the same target's, the gate stays: what runs will leave by it; and so does the
    connection, if nothing about the target is another.
    """
    gate = Gate(table.concurrency) if before is None else before.gate
    gate.concurrency = table.concurrency
    if before is None or before.table.rate != table.rate:
        gate.bucket = Bucket(table.rate) if table.rate else None
    retry = table.retry
    policy = Policy(retry.schedule, retry.jitter, micros(retry.max_age))
    kept = before is not None and before.table == table
    target = before.target if before is not None and kept else blueprint.makers[name](means)
    form = open_format(table.format, blueprint.public_url, blueprint.cloudevents)
    gathering = None if table.batch is None else Gathering(table.batch, form.batch_type)
    composer = Composer(target, envelope, form, blueprint.shapes)
    return Lane(name, table, target, gate, policy, composer, gathering)


def open_lanes(
    config: Config, blueprint: Blueprint, means: Means, envelope: Envelope, before: Mapping[str, Lane]
) -> dict[str, Lane]:
    """A lane for each target of the file; `before`: those that it takes over from."""
    return {
        name: open_lane(name, table, blueprint, means, envelope, before.get(name))
        for name, table in config.target.items()
    }
