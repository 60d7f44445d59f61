"""What an answer says of asking again: Retry-After, the rate-limit headers, and how long it is fresh. Pure.

Headers are a map of lower-case names, repeated ones joined by ", ". Moments are microseconds since 1970 by
our own clock; what a provider says by its clock is moved by the answer's Date. Nothing here raises: what
cannot be read says nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from relay.clock import SECOND, micros
from relay.moment import moment

Headers = Mapping[str, str]

LONGEST: Final = 24 * 3600.0
"""Seconds that any header is believed at most: who has to wait longer is told so again."""
OLDEST: Final = 365 * 24 * 3600.0
"""Seconds that an answer's Age is believed at most."""
EPOCH_FROM: Final = 100_000_000
"""A number of seconds from here on (three years) is a Unix time: providers write both in one header."""
FAMILIES: Final = (
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset-after"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-requests-remaining", "x-ratelimit-requests-reset"),
)
"""How many requests are left, and when it will be more again: seconds, a Unix time, or a date."""
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_COUNT: Final = re.compile(r"\s*([0-9]{1,15})(?![0-9.])", re.ASCII)
_CALLS: Final = re.compile(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", re.ASCII)
_DAY: Final = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? .{10,40}", re.ASCII | re.IGNORECASE)
_LEFT: Final = re.compile(r"\b(?:r|remaining)=([0-9]{1,15})(?![0-9])", re.ASCII)
_RESET: Final = re.compile(r"\b(?:t|reset)=([0-9]{1,15})(?![0-9])", re.ASCII)
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,15})(?![0-9.])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests are left until `reset`; None: it is not said."""

    remaining: int | None
    reset: int | None

    @property
    def spent(self) -> bool:
        return self.remaining == 0


def server_time(headers: Headers, now: int) -> int:
    """The server's time when it answered: `now` where its Date, in whole seconds, does not gainsay."""
    date = _date(headers.get("date", ""))
    if date is None:
        return now
    # what a cache kept was dated when it was made (RFC 9111, 4.2.3)
    date += micros(min(_number(headers.get("age", "")) or 0.0, OLDEST))
    return now if date <= now < date + SECOND else date


def retry_at(headers: Headers, now: int) -> int | None:
    """When Retry-After lets ask again: seconds, decimal ones (Shopify), a date, or RFC 3339 (Zoom)."""
    return _until(headers.get("retry-after", ""), headers, now)


def quotas(headers: Headers, now: int) -> Iterator[Quota]:
    """What the rate-limit headers say, each of them."""
    for left, reset in FAMILIES:
        if left in headers or reset in headers:
            yield Quota(_count(headers.get(left, "")), _until(headers.get(reset, ""), headers, now))
    yield from _policies(headers.get("ratelimit", "")[:4096], now)


def _policies(text: str, now: int) -> Iterator[Quota]:
    """RateLimit by draft-ietf-httpapi-ratelimit-headers: `"day";r=50;t=30`, a list; up to its seventh version
    one dictionary: `limit=100, remaining=50, reset=30`.
    """
    for policy in [text] if "remaining=" in text else text.split(","):
        left, reset = _LEFT.search(policy), _RESET.search(policy)
        if left is not None:
            yield Quota(int(left[1]), None if reset is None else _later(now, float(reset[1])))


def quota(headers: Headers, now: int) -> Quota | None:
    """The tightest of them that says until when: of several that are spent the one that lasts longest."""
    told = [one for one in quotas(headers, now) if one.remaining is not None and one.reset is not None]
    return min(told, key=lambda one: (one.remaining or 0, -(one.reset or 0)), default=None)


def calls_left(headers: Headers) -> int | None:
    """What Shopify's leaking bucket has room for: `X-Shopify-Shop-Api-Call-Limit: 32/40` leaves 8."""
    found = _CALLS.fullmatch(headers.get("x-shopify-shop-api-call-limit", "")[:64])
    return None if found is None else max(0, int(found[2]) - int(found[1]))


def limited(status: int, headers: Headers) -> bool:
    """Whether it is a limit that says no: 429, and 403 where headers say so (GitHub gives either)."""
    if status == 403:
        return "retry-after" in headers or any(one.spent for one in quotas(headers, 0))
    return status == 429


def wait_until(headers: Headers, now: int) -> int | None:
    """When a limit that said no lets ask again: by Retry-After, else by the quota; None: nothing says it."""
    at = retry_at(headers, now)
    if at is None:
        resets = [one.reset for one in quotas(headers, now) if one.remaining in (0, None) and one.reset]
        at = max(resets, default=None)
    return at if at is not None and at > now else None


def poll_interval(headers: Headers) -> float | None:
    """Seconds between two polls at least, by GitHub's X-Poll-Interval."""
    seconds = _number(headers.get("x-poll-interval", ""))
    return None if seconds is None else min(seconds, LONGEST)


def fresh_for(headers: Headers) -> float | None:
    """Seconds for which asking again would bring the same: max-age of Cache-Control, less its Age."""
    found = _MAX_AGE.search(headers.get("cache-control", "")[:4096])
    if found is None:
        return None
    age = _number(headers.get("age", "")) or 0.0
    return max(0.0, min(float(found[1]) - age, LONGEST))


def _until(text: str, headers: Headers, now: int) -> int | None:
    """A wait or a moment, as our own clock will show it; never before `now`."""
    text = text.strip()
    seconds = _number(text)
    if seconds is not None and seconds < EPOCH_FROM:
        return _later(now, seconds)
    at = moment(text) if seconds is not None or text[4:5] == "-" else _date(text)
    return None if at is None else _later(now, (at - server_time(headers, now)) / SECOND)


def _later(now: int, seconds: float) -> int:
    return now + micros(min(max(0.0, seconds), LONGEST))


def _number(text: str) -> float | None:
    """Of a header that a proxy repeated (`5, 5`) the largest."""
    pieces = [piece.strip() for piece in text[:256].split(",")]
    return max(map(float, pieces)) if all(map(_DECIMAL.fullmatch, pieces)) else None


def _count(text: str) -> int | None:
    """The number that it begins with: some add a policy (`10, 10;w=60`)."""
    found = _COUNT.match(text[:64])
    return None if found is None else int(found[1])


def _date(text: str) -> int | None:
    """An HTTP date in any of its three forms (RFC 9110, 5.6.7); the oldest names no zone: UTC is meant."""
    text = text.strip()
    if not _DAY.fullmatch(text):
        return None
    try:
        at = parsedate_to_datetime(text)
        return micros((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
