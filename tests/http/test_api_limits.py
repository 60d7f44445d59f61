"""Limits of an api: what it says stops everybody, for as long as it says."""

import asyncio

import pytest
from aiohttp import ClientSession

from relay.clock import SECOND, rfc3339
from relay.http.ask import Ask, Ok, Retry, Wait
from relay.http.budget import Need
from relay.http.verdict import EXPRESSIONS
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.http.asking import asked, says
from tests.target import Answer, answer

PAGE = Ask("/events")
HOUR = START + 3600 * SECOND
LATER = "Mon, 21 Sep 2026 15:13:20 GMT"
"""An hour after the start."""


def waits(got: object) -> float:
    """Seconds after the start until which an answer says to wait."""
    assert isinstance(got, Wait)
    return (got.until - START) / SECOND


async def test_a_wait_is_for_all(session: ClientSession, clock: ManualClock) -> None:
    """Whoever asks next is told of a wait beyond its patience, without asking; a short one is waited for."""
    async with asked(session, clock, [answer(429, "Retry-After: 120")]) as (api, target):
        got = await api.ask(PAGE)
        assert isinstance(got, Wait)
        assert got.response is not None
        assert (waits(got), got.why) == (120, "answered 429")
        assert await api.ask(Ask("/other", need=Need.ENRICH)) == Wait(got.until, "answered 429")
        assert api.stopped_until() == got.until
        clock.advance(60)
        patient = asyncio.ensure_future(api.ask(PAGE))
        clock.advance(60)
        assert isinstance(await patient, Ok)
        assert api.stopped_until() is None
        assert len(target.requests) == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (answer(429, "Retry-After: 30"), 30),
        (answer(429, "Retry-After: 2.0"), 2),
        (answer(429, f"Retry-After: {rfc3339(HOUR)}"), 3600),
        (answer(429, f"Retry-After: {LATER}"), 3600),
        (answer(429, f"Date: {LATER}", "Retry-After: Mon, 21 Sep 2026 15:14:20 GMT"), 60),
        (answer(403, "X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {HOUR // SECOND}"), 3600),
        (answer(429, "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 90"), 90),
        (answer(429, 'RateLimit: "minute";r=0;t=40'), 40),
        (answer(403, "X-RateLimit-Remaining: 0"), 1),
        (answer(429), 1),
        (answer(429, "Retry-After: 9", "Content-Encoding: gzip", body=b"no gzip"), 9),
        (answer(429, "Retry-After: whenever"), 1),
    ],
)  # fmt: skip
async def test_how_long(session: ClientSession, clock: ManualClock, said: Answer, seconds: float) -> None:
    """Every form in which providers say it; a second where they say nothing."""
    async with asked(session, clock, [said]) as (api, _):
        assert waits(await api.ask(PAGE)) == pytest.approx(seconds)


async def test_patience(session: ClientSession, clock: ManualClock) -> None:
    """Who has more of it waits for a long stop, too."""
    async with asked(session, clock, [answer(429, "Retry-After: 900")]) as (api, _):
        await api.ask(PAGE)
        patient = asyncio.ensure_future(api.ask(Ask("/events", patience=1000)))
        await eventually(lambda: api._budget._waiting)
        clock.advance(900)
        assert isinstance(await patient, Ok)


async def test_nothing_said(session: ClientSession, clock: ManualClock) -> None:
    """1 s, 2 s, 4 s …, and a second again once it answered."""
    async with asked(session, clock, [429, 429, 429, 200, 429]) as (api, _):
        told = []
        for _ in range(5):
            got = await api.ask(PAGE)
            told.append((got.until - clock.now()) / SECOND if isinstance(got, Wait) else 0)
            clock.set(got.until if isinstance(got, Wait) else clock.now() + SECOND)
    assert told == [1, 2, 4, 0, 1]


async def test_check_and_wait(session: ClientSession, clock: ManualClock) -> None:
    """A limit inside a 200: `check` finds it, `wait` says how long, of the api or of the ask."""
    limited = says({"errors": ["THROTTLED"], "cost": 100.0, "rate": 50.0})
    words = {
        "check": 'has(body.errors) ? "wait" : "ok"',
        "wait": 'duration(string(body.cost / body.rate) + "s")',
    }
    async with asked(session, clock, [limited, limited], **words) as (api, _):
        assert waits(await api.ask(PAGE)) == pytest.approx(2, abs=0.001)
        clock.advance(3)
        own = Ask("/events", wait=EXPRESSIONS.compile('duration("50s")'))
        assert waits(await api.ask(own)) == pytest.approx(53, abs=0.001)


async def test_a_header_before_wait(session: ClientSession, clock: ManualClock) -> None:
    """`wait` is asked only where no standard header tells."""
    async with asked(session, clock, [answer(429, "Retry-After: 7")], wait='duration("50s")') as (api, _):
        assert waits(await api.ask(PAGE)) == 7


async def test_a_failing_server_that_says_when(session: ClientSession, clock: ManualClock) -> None:
    """5xx is a retry; its Retry-After is kept all the same, by everybody."""
    async with asked(session, clock, [answer(503, "Retry-After: 300")]) as (api, _):
        assert isinstance(await api.ask(PAGE), Retry)
        assert waits(await api.ask(PAGE)) == 300


async def test_the_last_of_a_quota(session: ClientSession, clock: ManualClock) -> None:
    """An answer that was the quota's last stops the api before it has to say no."""
    last = answer(200, "X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {HOUR // SECOND}")
    async with asked(session, clock, [last]) as (api, target):
        assert isinstance(await api.ask(PAGE), Ok)
        got = await api.ask(PAGE)
        assert got == Wait(HOUR, "its quota is spent")
        clock.set(HOUR)
        assert isinstance(await api.ask(PAGE), Ok)
        assert len(target.requests) == 2
