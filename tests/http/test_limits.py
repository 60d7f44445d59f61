"""What an answer says of asking again: tables of what providers send, and of what nobody should."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.http.limits import (
    LONGEST,
    Quota,
    calls_left,
    fresh_for,
    limited,
    poll_interval,
    quota,
    quotas,
    retry_at,
    server_time,
    wait_until,
)
from tests.clock import START

UNIX = START // SECOND


def http_date(seconds_from_now: float) -> str:
    return format_datetime(datetime.fromtimestamp(UNIX + seconds_from_now, UTC), usegmt=True)


def rfc3339(seconds_from_now: float) -> str:
    return datetime.fromtimestamp(UNIX + seconds_from_now, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("2.0", 2),
        ("0.25", 0.25),
        ("0", 0),
        (http_date(90), 90),
        (rfc3339(3600), 3600),
        (f"{UNIX + 12}", 12),
        (f"{UNIX + 12}000", 12),
        ("5, 7", 7),
        (http_date(-90), 0),
        (rfc3339(-90), 0),
        ("999999", LONGEST),
        (http_date(400 * 86400), LONGEST),
    ],
)
def test_every_form_of_retry_after(value: str, seconds: float) -> None:
    """Seconds, decimal ones, dates of both kinds, a Unix time: never in the past, never over a day."""
    assert retry_at({"retry-after": value}, START) == START + seconds * SECOND


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "-5",
        "1e3",
        "nan",
        "inf",
        "5s",
        "٣",
        "Mon",
        "Mon, 99 Foo 2026 00:00:00 GMT",
        "2026-13-01T00:00:00Z",
    ],
)
def test_retry_after_that_says_nothing(value: str) -> None:
    """What is none of the forms is passed over."""
    assert retry_at({"retry-after": value}, START) is None


def test_old_forms_of_a_date() -> None:
    """RFC 850's and asctime's forms are dates too; asctime names no zone and means UTC."""
    moment = datetime.fromtimestamp(UNIX + 60, UTC)
    for form in (f"{moment:%A, %d-%b-%y %H:%M:%S} GMT", f"{moment:%a %b %e %H:%M:%S %Y}"):
        assert retry_at({"retry-after": form}, START) == START + 60 * SECOND


def test_dates_are_read_by_the_servers_clock() -> None:
    """A server whose clock is an hour off means its own hour: the wait is the difference."""
    for off in (3600, -3600):
        headers = {"date": http_date(off), "retry-after": http_date(off + 45)}
        assert retry_at(headers, START) == START + 45 * SECOND
        headers = {
            "date": http_date(off),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": f"{UNIX + off + 45}",
        }
        assert wait_until(headers, START) == START + 45 * SECOND


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"date": "what"}, 0),
        ({"date": http_date(0)}, 0),
        ({"date": http_date(1)}, SECOND),
        ({"date": http_date(-1)}, -SECOND),
        ({"date": http_date(-300), "age": "300"}, 0),
        ({"date": http_date(86400)}, 86400 * SECOND),
    ],
)
def test_the_servers_time(headers: dict[str, str], expected: int) -> None:
    """Its Date and the Age that a cache gave it; ours where the second is the same, or none is named."""
    assert server_time(headers, START) - START == expected


def test_a_date_is_a_whole_second() -> None:
    """Within the second that Date names our own clock is as good."""
    assert server_time({"date": http_date(0)}, START + 999_999) == START + 999_999
    assert server_time({"date": http_date(0)}, START + SECOND) == START


@pytest.mark.parametrize(
    ("headers", "left", "seconds"),
    [
        ({"x-ratelimit-remaining": "4999", "x-ratelimit-reset": f"{UNIX + 1800}"}, 4999, 1800),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "17"}, 0, 17),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset-after": "0.5"}, 3, 0.5),
        ({"x-rate-limit-remaining": "3", "x-rate-limit-reset": f"{UNIX + 9}"}, 3, 9),
        ({"ratelimit-remaining": "10, 10;w=60", "ratelimit-reset": "50"}, 10, 50),
        ({"x-ratelimit-requests-remaining": "7", "x-ratelimit-requests-reset": f"{UNIX + 3}000"}, 7, 3),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": rfc3339(20)}, 1, 20),
        ({"ratelimit": '"default";r=50;t=30'}, 50, 30),
        ({"ratelimit": "limit=100, remaining=0, reset=5"}, 0, 5),
        ({"ratelimit": '"hour";r=0;t=600, "day";r=9;t=3600'}, 0, 600),
        ({"x-ratelimit-remaining": "12"}, None, None),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "5"}, None, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "5"}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_the_quota(headers: dict[str, str], left: int | None, seconds: float | None) -> None:
    """How many requests are left until when, by every family of headers; half of it is nothing."""
    expected = None if seconds is None else Quota(left, START + int(seconds * SECOND))
    assert quota(headers, START) == expected


def test_the_tightest_quota_counts() -> None:
    """Of several the one with the least left; of those that are spent, the one that lasts longest."""
    headers = {
        "x-ratelimit-remaining": "5",
        "x-ratelimit-reset": "9",
        "ratelimit": '"a";r=0;t=10, "b";r=0;t=20',
    }
    assert quota(headers, START) == Quota(0, START + 20 * SECOND)


@pytest.mark.parametrize(
    ("value", "left"), [("32/40", 8), ("40/40", 0), ("41/40", 0), ("x/40", None), ("", None)]
)
def test_a_leaking_bucket(value: str, left: int | None) -> None:
    """Shopify counts what is in its bucket."""
    assert calls_left({"x-shopify-shop-api-call-limit": value}) == left


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {}, True),
        (403, {}, False),
        (403, {"x-ratelimit-remaining": "12"}, False),
        (403, {"x-ratelimit-remaining": "0"}, True),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{UNIX}"}, True),
        (403, {"retry-after": "60"}, True),
        (404, {"retry-after": "60"}, False),
        (200, {"x-ratelimit-remaining": "0"}, False),
    ],
)
def test_a_limit_is_told_from_a_refusal(status: int, headers: dict[str, str], expected: bool) -> None:
    """429, and a 403 whose headers speak of a limit."""
    assert limited(status, headers) is expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, 900),
        ({"x-ratelimit-reset": "8"}, 8),
        ({"x-ratelimit-remaining": "9", "x-ratelimit-reset": "900"}, None),
        ({"retry-after": "0"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{UNIX - 5}"}, None),
        ({}, None),
    ],
)
def test_how_long_a_limit_lasts(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After before all, then a spent quota; a quota that is not spent tells nothing of this limit."""
    assert wait_until(headers, START) == (None if seconds is None else START + seconds * SECOND)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"cache-control": "public, max-age=60, s-maxage=60"}, 60),
        ({"cache-control": 'MAX-AGE="60"'}, 60),
        ({"cache-control": "max-age=60", "age": "45"}, 15),
        ({"cache-control": "max-age=60", "age": "90"}, 0),
        ({"cache-control": "s-maxage=60"}, None),
        ({"cache-control": "max-age=99999999"}, LONGEST),
        ({"cache-control": "no-store"}, None),
        ({}, None),
    ],
)
def test_how_long_it_is_fresh(headers: dict[str, str], expected: float | None) -> None:
    """max-age, less what a cache kept it already."""
    assert fresh_for(headers) == expected


def test_the_interval_between_polls() -> None:
    """X-Poll-Interval in seconds."""
    assert [poll_interval({"x-poll-interval": text}) for text in ("60", "x", "")] == [60, None, None]


NAMES = [
    "retry-after",
    "date",
    "age",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
    "ratelimit-reset",
    "x-shopify-shop-api-call-limit",
    "x-poll-interval",
    "cache-control",
]
VALUES = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,10} [A-Z+0-9-]{1,6}\Z"),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{1,20}[Z+0-9:-]{0,8}\Z"),
    st.from_regex(r"\A[0-9]{1,20}(\.[0-9]{1,12})?\Z"),
    st.from_regex(r'\A"?[a-z]{1,5}"?;r=[0-9]{1,20};t=[0-9]{1,20}\Z'),
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.integers(0, 2 * START))
def test_nothing_raises_or_goes_back(headers: dict[str, str], now: int) -> None:
    """Whatever stands there: no error, no moment before now, none beyond a day."""
    server_time(headers, now)
    poll_interval(headers)
    fresh_for(headers)
    calls_left(headers)
    limited(403, headers)
    moments = [retry_at(headers, now), wait_until(headers, now), *[one.reset for one in quotas(headers, now)]]
    assert all(now <= at <= now + LONGEST * SECOND for at in moments if at is not None)
