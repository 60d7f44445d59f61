"""When the next pass is due: pure. Seconds, but moments in microseconds."""

from collections.abc import Callable
from typing import Final

from relay.clock import micros
from relay.config.poll import ListingConfig
from relay.http.limits import fresh_for, poll_interval, retry_at
from relay.http.response import Response

SLOWER: Final = 1.5
"""Each pass without news waits so much longer than the one before."""
JITTER: Final = 0.1


def interval(config: ListingConfig, before: float, *, news: bool) -> float:
    """Seconds to the next pass: `every` where there is news, else more and more, up to `idle`."""
    if news:
        return config.every
    return min(max(before, config.every) * SLOWER, max(config.idle, config.every))


def due_at(now: int, seconds: float, told: int | None, spread: Callable[[], float]) -> int:
    """When the next pass is due: not all at once, and never before the api wants it.

    `spread` gives a number between -1 and 1.
    """
    due = now + micros(seconds * (1 + JITTER * spread()))
    return due if told is None else max(due, told)


def told_by(response: Response, now: int, *, feed: bool) -> int | None:
    """Before when the api wants no other pass: X-Poll-Interval, Retry-After, of a feed max-age."""
    spans = [poll_interval(response.headers), fresh_for(response.headers) if feed else None]
    moments = [now + micros(span) for span in spans if span is not None]
    retry = retry_at(response.headers, now)
    return max([*moments, *([] if retry is None else [retry])], default=None)
