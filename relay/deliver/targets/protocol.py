"""What a target is: something that takes deliveries and answers.

`tests/deliver/targets/` is its contract suite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

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


class Target(Protocol):
    """Where deliveries go. An attempt takes a list from the first day; every target here takes one."""

    async def send(self, deliveries: Sequence[Delivery], now: int) -> Reply:
        """Try once, within the target's own timeouts. A failure is a Reply, too; `now` in microseconds."""

    async def close(self) -> None:
        """Let go of connections; nothing is being sent any more."""
