"""Several deliveries in one request: gathered until there are enough, or the first waited enough. Pure."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from relay.clock import micros
from relay.config.target import BatchConfig
from relay.deliver.embed import batch_body
from relay.deliver.headers import batch_headers
from relay.deliver.targets.protocol import Message
from relay.delivery import Delivery

MOST_BYTES: Final = 8 << 20
"""Bodies in one request at most; one body may be larger."""


@dataclass(slots=True)
class _Group:
    """What goes out together."""

    since: int
    messages: list[Message] = field(default_factory=list)
    size: int = 0


class Gathering:
    """The deliveries of one target that wait for others. What was tried together is tried together again."""

    def __init__(self, config: BatchConfig, content_type: str) -> None:
        self._max = config.max
        self._within = micros(config.within)
        self._content_type = content_type
        self._groups: dict[int | None, _Group] = {}
        """By the batch they were in before; None: they were in none yet."""

    def add(self, message: Message, now: int) -> list[Message]:
        """Take one more; what is full by that, as batches that can go."""
        (delivery,) = message.deliveries
        group = self._groups.get(delivery.batch)
        full = []
        if group is not None and group.size + len(message.body) > MOST_BYTES:
            full.append(self._join(delivery.batch))
            group = None
        if group is None:
            group = self._groups[delivery.batch] = _Group(now)
        group.messages.append(message)
        group.size += len(message.body)
        if len(group.messages) >= self._max:
            full.append(self._join(delivery.batch))
        return full

    def due(self, now: int) -> list[Message]:
        """The batches that have waited long enough."""
        return [
            self._join(name)
            for name, group in list(self._groups.items())
            if now - group.since >= self._within
        ]

    def due_at(self) -> int | None:
        """When the next one has; None: nothing waits."""
        return min((group.since + self._within for group in self._groups.values()), default=None)

    def clear(self) -> list[Delivery]:
        """Give back all that waits."""
        waiting = [
            each
            for group in self._groups.values()
            for message in group.messages
            for each in message.deliveries
        ]
        self._groups.clear()
        return waiting

    @property
    def waiting(self) -> int:
        return sum(len(group.messages) for group in self._groups.values())

    @property
    def max(self) -> int:
        return self._max

    def _join(self, name: int | None) -> Message:
        group = self._groups.pop(name)
        messages = sorted(group.messages, key=lambda message: _place(message.deliveries[0]))
        deliveries = tuple(message.deliveries[0] for message in messages)
        headers = batch_headers(deliveries, self._content_type)
        return Message(deliveries, batch_body([message.body for message in messages]), headers)


def _place(delivery: Delivery) -> tuple[str, int]:
    """In the order of acceptance."""
    event, _, number = delivery.id.rpartition("-")
    return event, int(number)


def batch_number(message: Message) -> int:
    """By which its deliveries know each other when they are tried again."""
    digest = blake2b(message.key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 2
