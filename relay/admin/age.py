"""How long ago something was."""

from relay.clock import SECOND


def age(at: int | None, now: int) -> float:
    """Seconds since `at`; none where there is none."""
    return 0.0 if at is None else max(0, now - at) / SECOND
