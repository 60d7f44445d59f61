"""Signs that something is not well, judged once: `/health` shows them, relay's own events tell them. Pure."""

from relay.clock import SECOND


def silence(last: int | None, since: int, now: int) -> float:
    """Seconds since a source was heard of; of one that never was, since relay began to wait for it.

    Microseconds since 1970.
    """
    return max(0, now - (since if last is None else last)) / SECOND


def too_silent(seconds: float, expect_every: float | None) -> str | None:
    """What is wrong with a source that has been silent for so long; None: nothing is."""
    if expect_every is None or seconds <= expect_every:
        return None
    return f"silent for {span(seconds)}, expected every {span(expect_every)}"


def low_disk(free: int, wanted: int) -> str | None:
    """What is wrong with a disk that has so many bytes free; None: nothing is."""
    if free >= wanted:
        return None
    return f"{free >> 20} MiB of disk are free, less than {wanted >> 20} MiB"


def span(seconds: float) -> str:
    """`90 s`, `15 min`, `2.5 h`: as people say it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
