"""What a target is: something that takes deliveries and answers.

`tests/deliver/targets/` is its contract suite.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from multidict import CIMultiDict

from relay.delivery import Delivery


class Verdict(Enum):
    """What an answer says, before schedules and breakers are asked."""

    TAKEN = "taken"
    """2xx: delivered."""
    LATER = "later"
    """429, 503 with Retry-After: the whole target wants silence."""
    GONE = "gone"
    """410: pause the target."""
    REFUSED = "refused"
    """It judged the event, not itself: 400, 405, 406, 409, 411 to 417, 422."""
    FAILED = "failed"
    """Any other answer, or none in time."""
    UNREACHABLE = "unreachable"
    """No connection: refused, reset, DNS, TLS, connect timeout."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a target said to one attempt."""

    verdict: Verdict
    status: int | None = None
    error: str | None = None
    """For people, without secrets; None where it was taken."""
    retry_after: float = 0.0
    """With LATER: seconds of silence it asks for."""


@dataclass(slots=True)
class Message:
    """What one attempt brings: a delivery, or those of a batch, in the shape that was made of them."""

    deliveries: tuple[Delivery, ...]
    body: bytes = field(repr=False)
    headers: "CIMultiDict[str]" = field(repr=False)
    """All that goes along: `Content-Type`, `Relay-*`, `Idempotency-Key`, `traceparent`, the route's own; the
    sender's where the target `takes_senders_headers`."""
    path: str = ""
    """Appended to the path of the target's url."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where at the target it goes: what its `places` gave, by name."""

    @property
    def attempts(self) -> int:
        """How many were made of the one that was tried most often."""
        if len(self.deliveries) == 1:
            return self.deliveries[0].attempts
        return max(delivery.attempts for delivery in self.deliveries)

    @property
    def youngest(self) -> Delivery:
        """The last that becomes too old."""
        if len(self.deliveries) == 1:
            return self.deliveries[0]
        return max(self.deliveries, key=lambda delivery: delivery.born)

    @property
    def key(self) -> str:
        """The same on every attempt of the same deliveries."""
        return self.headers["Idempotency-Key"]


Place = Callable[[Mapping[str, Any], int], str]
"""The text of one of a target's own templates (`subject`, `topic`, …), by the variables of an event and a
budget in steps. Raises Unfit and ExpressionError."""


class Target(Protocol):
    """Where deliveries go."""

    @property
    def takes_senders_headers(self) -> bool:
        """Whether the sender's own headers go along: over HTTP."""

    @property
    def places(self) -> Mapping[str, Place]:
        """What has to be known of each event before it is sent, by name."""

    async def send(self, message: Message, now: int) -> Reply:
        """Try once, within the target's own timeouts. A failure is a Reply, too; `now` in microseconds.

        Cancelled at a stop: it then lets go of what it holds.
        """

    async def close(self) -> None:
        """Let go of connections; nothing is being sent any more."""
