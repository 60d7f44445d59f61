"""An api on 127.0.0.1 that is asked: what goes out, and what every answer becomes."""

import asyncio
import gzip
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from relay import __version__
from relay.bucket import Bucket
from relay.clock import SECOND
from relay.expression.errors import CompileError
from relay.http.api import Api
from relay.http.ask import Ask, Fail, Form, Json, Ok, Restart, Retry, Unchanged
from relay.http.budget import Need
from relay.http.verdict import EXPRESSIONS
from tests.clock import START, ManualClock
from tests.http.asking import asked, config, says
from tests.target import (
    BROKEN_CHUNKS,
    BROTLI,
    CLOSE,
    CUT_BODY,
    GARBAGE,
    HANG,
    HOLD,
    RESET,
    SLOW_BODY,
    Answer,
    ScriptedTarget,
    answer,
)

PAGE = Ask("/events")


async def test_a_request(session: ClientSession, clock: ManualClock) -> None:
    """The url's path and the ask's, parameters encoded, headers of both, and few of ours."""
    headers = {"X-Version": "7", "X-Both": "api"}
    ask = Ask("/a%252Fb/ü?x=%3a", (("created[gte]", "1&2"), ("n", "ö")), headers=(("x-both", "ask"),))
    async with asked(session, clock, headers=headers) as (api, target):
        assert isinstance(await api.ask(ask), Ok)
        request = await target.next()
    assert request.line == b"GET /v1/a%252Fb/%C3%BC?x=%3a&created%5Bgte%5D=1%262&n=%C3%B6 HTTP/1.1"
    assert {name.lower(): value for name, value in request.headers} == {
        b"host": f"127.0.0.1:{target.port}".encode(),
        b"user-agent": f"relay/{__version__}".encode(),
        b"accept": b"*/*",
        b"accept-encoding": b"gzip, deflate",
        b"x-version": b"7",
        b"x-both": b"ask",
    }


@pytest.mark.parametrize(
    ("content", "media_type", "body"),
    [
        (Json({"b": 2**63, "a": "ü"}), "application/json", '{"a":"ü","b":9223372036854775808}'.encode()),
        (Form((("a", "1 &"), ("a", "ü"))), "application/x-www-form-urlencoded", b"a=1+%26&a=%C3%BC"),
        (b"<as it is>", "text/xml", b"<as it is>"),
    ],
)
async def test_bodies(
    session: ClientSession, clock: ManualClock, content: Any, media_type: str, body: bytes
) -> None:
    """JSON, a form, or bytes, with their media type; bytes have that of the headers."""
    headers = (("Content-Type", "text/xml"),) if isinstance(content, bytes) else ()
    async with asked(session, clock) as (api, target):
        await api.ask(Ask("/search", method="POST", content=content, headers=headers))
        request = await target.next()
    assert request.line == b"POST /v1/search HTTP/1.1"
    assert request.value("Content-Type") == media_type
    assert request.body == body


async def test_user_agent_of_ones_own(session: ClientSession, clock: ManualClock) -> None:
    """The file's headers win over ours."""
    async with asked(session, clock, headers={"user-agent": "shop/1", "ACCEPT": "x/y"}) as (api, target):
        await api.ask(PAGE)
        request = await target.next()
    assert (request.value("User-Agent"), request.value("Accept")) == ("shop/1", "x/y")


async def test_an_answer(session: ClientSession, clock: ManualClock) -> None:
    """Status, headers in lower case, repeated ones joined, the body, what was asked, the server's time."""
    said = says({"id": 9007199254740993}, "Link: <a>; rel=next", "LINK: <b>; rel=prev", 'ETag: W/"1"')
    async with asked(session, clock, [said]) as (api, target):
        got = await api.ask(Ask("/events", (("a", "1"),)))
    assert isinstance(got, Ok)
    assert got.response.headers["link"] == "<a>; rel=next, <b>; rel=prev"
    assert got.response.headers["etag"] == 'W/"1"'
    assert got.response.json == {"id": 9007199254740993}
    assert got.response.url == f"http://127.0.0.1:{target.port}/v1/events?a=1"
    assert got.response.at == START


async def test_the_servers_time(session: ClientSession, clock: ManualClock) -> None:
    """Our clock, set right by the last Date; kept where an answer has none."""
    date = "Date: Mon, 21 Sep 2026 15:13:20 GMT"  # an hour after the start
    async with asked(session, clock, [answer(200, date), 200]) as (api, _):
        before = api.now()
        first, second = await api.ask(PAGE), await api.ask(PAGE)
    assert isinstance(first, Ok)
    assert isinstance(second, Ok)
    assert first.response.at == second.response.at == api.now() == 1_790_003_600 * SECOND
    assert before == START


async def test_conditional(session: ClientSession, clock: ManualClock) -> None:
    """304 is an answer of its own, with its headers."""
    async with asked(session, clock, [answer(304, "X-Poll-Interval: 60")]) as (api, target):
        got = await api.ask(Ask("/events", headers=(("If-None-Match", 'W/"1"'),)))
        request = await target.next()
    assert isinstance(got, Unchanged)
    assert got.response.headers["x-poll-interval"] == "60"
    assert request.value("If-None-Match") == 'W/"1"'


async def test_inflated(session: ClientSession, clock: ManualClock) -> None:
    """A body that comes in gzip is read as what it was."""
    said = answer(200, "Content-Encoding: gzip", body=gzip.compress(b'{"a": 1}'))
    async with asked(session, clock, [said]) as (api, _):
        got = await api.ask(PAGE)
    assert isinstance(got, Ok)
    assert got.response.json == {"a": 1}


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (answer(404), Fail),
        (answer(302, "Location: /x"), Fail),
        (answer(500), Retry),
        (answer(500, "Content-Encoding: gzip", body=b"x"), Retry),
        (RESET, Retry),
        (CLOSE, Retry),
        (GARBAGE, Retry),
        (CUT_BODY, Retry),
        (BROTLI, Fail),
    ],
)
async def test_failures(
    session: ClientSession, clock: ManualClock, script: Answer, outcome: type[Fail | Retry]
) -> None:
    """What may go well another time is told from what will not; nothing raises."""
    async with asked(session, clock, [script]) as (api, _):
        got = await api.ask(Ask("/events", method="POST"))
    assert isinstance(got, outcome)
    assert "127.0.0.1" not in got.why


@pytest.mark.parametrize("script", [HANG, SLOW_BODY])
async def test_too_slow(
    session: ClientSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, script: Answer
) -> None:
    """An api that hangs, at its head or in its body, is given up."""
    monkeypatch.setattr("relay.http.send.TIMEOUT", ClientTimeout(total=0.05))
    async with asked(session, clock, [script]) as (api, _):
        assert await api.ask(PAGE) == Retry("no answer in time")


async def test_chunks_that_are_none(
    session: ClientSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body whose framing breaks is no answer; at the latest when time is up, for aiohttp may not notice."""
    monkeypatch.setattr("relay.http.send.TIMEOUT", ClientTimeout(total=0.1))
    async with asked(session, clock, [BROKEN_CHUNKS]) as (api, target):
        asking = asyncio.ensure_future(api.ask(PAGE))
        await target.next()
        target.let_go()
        assert isinstance(await asking, Retry)


async def test_nobody_there(session: ClientSession, clock: ManualClock) -> None:
    """A connection that is refused may be made later."""
    async with asked(session, clock) as (api, target):
        await target.close()
        assert await api.ask(PAGE) == Retry("no connection: Connection refused")


async def test_too_large(session: ClientSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body beyond the limit is refused, plain or inflated."""
    monkeypatch.setattr("relay.http.send.LARGEST", 1000)
    bomb = answer(200, "Content-Encoding: gzip", body=gzip.compress(bytes(100_000)))
    async with asked(
        session, clock, [answer(200, body=bytes(1001)), bomb, answer(200, body=bytes(1000))]
    ) as (api, _):
        why = "its body is larger than relay takes"
        assert [await api.ask(PAGE), await api.ask(PAGE)] == [Fail(why), Fail(why)]
        assert isinstance(await api.ask(PAGE), Ok)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (Ask("https://evil.example/x?key=1"), "https://evil.example is none of the api's addresses"),
        (Ask("events"), "what is neither a path nor a url is none of the api's addresses"),
        (Ask("/x", headers=(("A", "b\r\nc: d"),)), "no request: the header 'A' holds what no header can"),
        (Ask("/x", headers=(("A", "\udcff"),)), "no request: the header 'A' holds what no header can"),
        (Ask("/x", method="GE T"), "no valid request (ValueError)"),
    ],
)
async def test_what_is_never_sent(session: ClientSession, clock: ManualClock, ask: Ask, why: str) -> None:
    """An address that is not the api's, a header that would be two: refused, and nobody was asked."""
    async with asked(session, clock) as (api, target):
        assert await api.ask(ask) == Fail(why)
    assert target.requests == []


async def test_json_that_is_none(session: ClientSession, clock: ManualClock) -> None:
    """A body that cannot be written as JSON is a failure of the ask."""
    async with asked(session, clock) as (api, _):
        got = await api.ask(Ask("/x", method="POST", content=Json({"a": "\udcff"})))
    assert isinstance(got, Fail)
    assert got.why.startswith("no request: no JSON")


async def test_the_next_page(session: ClientSession, clock: ManualClock) -> None:
    """A URL of the api's own is asked as it stands, on its host as well as on a listed one."""
    async with (
        ScriptedTarget() as other,
        asked(session, clock, hosts=[f"127.0.0.1:{other.port}"]) as (api, target),
    ):
        await api.ask(Ask(f"http://127.0.0.1:{target.port}/v2/e?page=%3a+b"))
        await api.ask(Ask(f"http://127.0.0.1:{other.port}/e"))
        assert (await target.next()).line == b"GET /v2/e?page=%3a+b HTTP/1.1"
        assert (await other.next()).line == b"GET /e HTTP/1.1"


async def test_check_of_the_api_and_of_the_ask(session: ClientSession, clock: ManualClock) -> None:
    """The api's `check` judges its answers; an ask's own is instead of it."""
    check = 'body.ok ? "ok" : "restart"'
    script = [says({"ok": True}), says({"ok": False}), says({"ok": False})]
    async with asked(session, clock, script, check=check) as (api, _):
        assert isinstance(await api.ask(PAGE), Ok)
        got = await api.ask(PAGE)
        assert isinstance(got, Restart)
        assert got.why == "answered 200, by check"
        own = await api.ask(Ask("/events", check=EXPRESSIONS.compile('"fail"')))
        assert isinstance(own, Fail)


async def test_an_expression_that_is_none(session: ClientSession, clock: ManualClock) -> None:
    """It is told when the api is opened."""
    async with ScriptedTarget() as target:
        with pytest.raises(CompileError):
            Api("shop", config(target, check="body."), session, clock)


async def test_at_once(session: ClientSession, clock: ManualClock) -> None:
    """No more requests under way than `at_once`; the most urgent of those in line is next."""
    async with asked(session, clock, [HOLD, 200, 200], at_once=1) as (api, target):
        first = asyncio.ensure_future(api.ask(Ask("/first")))
        await target.next()
        poll = asyncio.ensure_future(api.ask(Ask("/poll")))
        enrich = asyncio.ensure_future(api.ask(Ask("/enrich", need=Need.ENRICH)))
        target.let_go()
        await asyncio.gather(first, poll, enrich)
        lines = [request.line for request in target.requests]
    assert lines == [b"GET /v1/first HTTP/1.1", b"GET /v1/enrich HTTP/1.1", b"GET /v1/poll HTTP/1.1"]


async def test_cancelled(session: ClientSession, clock: ManualClock) -> None:
    """An ask that is given up in the middle leaves its place to the next."""
    async with asked(session, clock, [HOLD], at_once=1) as (api, target):
        asking = asyncio.ensure_future(api.ask(PAGE))
        await target.next()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert isinstance(await api.ask(PAGE), Ok)


async def test_rates(session: ClientSession, clock: ManualClock) -> None:
    """The api's rate is for all who ask, an ask's own is its own."""
    async with asked(session, clock, rate="1/s", burst=2) as (api, target):
        slow = Bucket(0.1)
        await api.ask(Ask("/a", bucket=slow))
        waiting = asyncio.ensure_future(api.ask(Ask("/b", bucket=slow)))
        await api.ask(PAGE)
        assert len(target.requests) == 2
        clock.advance(10)
        assert isinstance(await waiting, Ok)
