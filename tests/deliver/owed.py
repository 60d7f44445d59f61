"""Events and deliveries to try things on, and what is random made certain."""

from relay.delivery import Delivery
from relay.event import Event, Headers
from tests.clock import START

TYPED: Headers = ((b"Content-Type", b"application/json"),)


def event(
    n: int = 1,
    body: bytes = b'{"n":1}',
    headers: Headers = TYPED,
    source: str = "shop",
    type: str = "order.paid",
    received: int = START,
) -> Event:
    """The n-th event of a source."""
    return Event(
        id=f"{n:020x}",
        source=source,
        key=f"key-{n}",
        type=type,
        via="webhook",
        received=received,
        body=body,
        headers=headers,
    )


def delivery(
    n: int = 1, attempts: int = 0, step: int = 0, born: int = START, of: Event | None = None
) -> Delivery:
    """What a target is owed for the n-th event."""
    owed = of or event(n)
    return Delivery(f"{owed.id}-1", f"{owed.id}-1", "all", "box", attempts, step, born, owed)


def never_early() -> float:
    """For `spread`: probes come as late as they may, retries as early."""
    return 0.0


def middle() -> float:
    """For `spread`: a retry's wait is the schedule's own."""
    return 0.5
