"""What proves us to an api: how it goes along, and what becomes of a 401."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from relay.clock import SECOND
from relay.http.api import Api
from relay.http.ask import Ask, Denied, Fail, Ok, Retry, Wait
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.http.asking import ENVIRON, asked, config, says
from tests.target import HOLD, Answer, ScriptedTarget, answer

PAGE = Ask("/events")


def token(text: str) -> Answer:
    return says({"access_token": text, "expires_in": 1000})


@asynccontextmanager
async def with_tokens(
    session: ClientSession,
    clock: ManualClock,
    tokens: Sequence[Answer | int],
    script: Sequence[Answer | int],
    **keys: Any,
) -> AsyncIterator[tuple[Api, ScriptedTarget, ScriptedTarget]]:
    """An api and the server that gives its tokens."""
    async with (
        ScriptedTarget(tokens) as giver,
        asked(session, clock, script, auth=oauth2(giver), **keys) as (api, target),
    ):
        yield api, target, giver


def oauth2(giver: ScriptedTarget) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "token_url": f"http://127.0.0.1:{giver.port}/token",
        "client_id": {"env": "CLIENT"},
        "client_secret": {"env": "KEY"},
    }


def shown(target: ScriptedTarget) -> list[str]:
    return [request.value("Authorization").removeprefix("Bearer ") for request in target.requests]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": {"env": "TOKEN"}}, "Authorization", f"Bearer {ENVIRON['TOKEN']}"),
        (
            {"type": "basic", "user": "ann", "password": {"env": "PASSWORD"}},
            "Authorization",
            "Basic " + base64.b64encode(f"ann:{ENVIRON['PASSWORD']}".encode()).decode(),
        ),
        ({"type": "header", "name": "X-Key", "value": {"env": "KEY"}}, "X-Key", ENVIRON["KEY"]),
    ],
)
async def test_in_a_header(
    session: ClientSession, clock: ManualClock, auth: dict[str, Any], header: str, value: str
) -> None:
    """It stands there once, in place of what the file's headers and the ask say."""
    headers = {header.lower(): "api"}
    async with asked(session, clock, auth=auth, headers=headers) as (api, target):
        await api.ask(Ask("/events", headers=((header.upper(), "ask"),)))
        request = await target.next()
    assert request.value(header) == value


async def test_in_the_query(session: ClientSession, clock: ManualClock) -> None:
    """Encoded, once, behind the others; what an answer repeats of it goes, and no Response shows it."""
    auth = {"type": "query", "name": "api key", "value": {"env": "KEY"}}
    async with asked(session, clock, auth=auth) as (api, target):
        got = await api.ask(
            Ask(f"http://127.0.0.1:{target.port}/v1/e?api+key={quote(ENVIRON['KEY'])}&page=2")
        )
        request = await target.next()
    assert request.line == f"GET /v1/e?page=2&api%20key={quote(ENVIRON['KEY'], safe='')} HTTP/1.1".encode()
    assert isinstance(got, Ok)
    assert got.response.url == f"http://127.0.0.1:{target.port}/v1/e?page=2"


async def test_what_is_fixed_is_refused_once(session: ClientSession, clock: ManualClock) -> None:
    """There is no other, so it is not tried again."""
    async with asked(session, clock, [401], auth={"type": "bearer", "token": {"env": "TOKEN"}}) as (
        api,
        target,
    ):
        got = await api.ask(PAGE)
        assert isinstance(got, Denied)
        assert (got.why, got.until) == ("answered 401", None)
        assert len(target.requests) == 1


async def test_a_token_ends_in_the_middle(session: ClientSession, clock: ManualClock) -> None:
    """A 401 renews it and repeats the request: who asked sees only the answer."""
    async with with_tokens(session, clock, [token("one"), token("two")], [200, 401, 200]) as (
        api,
        target,
        giver,
    ):
        assert isinstance(await api.ask(PAGE), Ok)
        assert isinstance(await api.ask(PAGE), Ok)
        assert shown(target) == ["one", "one", "two"]
        assert len(giver.requests) == 2


async def test_an_expired_token_by_check(session: ClientSession, clock: ManualClock) -> None:
    """`check` may say "auth" of a 200: that renews as a 401 does."""
    script = [says({"error": "token_expired"}), says({})]
    check = 'has(body.error) ? "auth" : "ok"'
    async with with_tokens(session, clock, [token("one"), token("two")], script, check=check) as (
        api,
        target,
        _,
    ):
        assert isinstance(await api.ask(PAGE), Ok)
        assert shown(target) == ["one", "two"]


async def test_a_second_401(session: ClientSession, clock: ManualClock) -> None:
    """It is told, and the token's url is left alone for a while: nobody fetches a token for each request."""
    tokens = [token(text) for text in ("one", "two", "three")]
    async with with_tokens(session, clock, tokens, [401, 401, 200]) as (api, target, giver):
        got = await api.ask(PAGE)
        assert isinstance(got, Denied)
        assert got.why == "answered 401"
        assert await api.ask(PAGE) == Denied("no token: the tokens that it gives are refused", START + SECOND)
        assert len(target.requests) == len(giver.requests) == 2
        clock.advance(1)
        assert isinstance(await api.ask(PAGE), Ok)


async def test_each_token_may_end(session: ClientSession, clock: ManualClock) -> None:
    """A token that was good and ends is replaced at once, however often that happens."""
    tokens = [token(text) for text in ("one", "two", "three")]
    async with with_tokens(session, clock, tokens, [401, 200, 401, 200]) as (api, target, _):
        assert [type(await api.ask(PAGE)) for _ in range(2)] == [Ok, Ok]
        assert shown(target) == ["one", "two", "two", "three"]


async def test_another_host_costs_no_token(session: ClientSession, clock: ManualClock) -> None:
    """A 401 of a host that a redirect led to is not about our token: nothing is renewed or repeated."""
    async with ScriptedTarget(rest=401) as other:
        there = answer(302, f"Location: http://127.0.0.1:{other.port}/x")
        hosts = [f"127.0.0.1:{other.port}"]
        async with with_tokens(session, clock, [token("one")], [there], hosts=hosts) as (api, _, giver):
            assert isinstance(await api.ask(PAGE), Denied)
            assert len(giver.requests) == len(other.requests) == 1


async def test_many_401_one_fetch(session: ClientSession, clock: ManualClock) -> None:
    """Requests under way with the same dead token are all repeated with one new one."""

    async def only_two(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.headers["Authorization"] == "Bearer two" else 401)

    app = web.Application()
    app.router.add_get("/v1/events", only_two)
    async with TestServer(app) as server, ScriptedTarget([token("one"), token("two")]) as giver:
        words = config(giver, url=str(server.make_url("/v1")), auth=oauth2(giver))
        api = Api("shop", words, session, clock)
        got = await asyncio.gather(*[api.ask(PAGE) for _ in range(4)])
    assert [type(one) for one in got] == [Ok] * 4
    assert len(giver.requests) == 2


async def test_no_token(session: ClientSession, clock: ManualClock) -> None:
    """While none can be had nothing is asked: why, and when it is tried again."""
    async with with_tokens(session, clock, [500, token("one")], []) as (api, target, giver):
        assert await api.ask(PAGE) == Denied("no token: answered 500", START + SECOND)
        assert await api.ask(PAGE) == Denied("no token: answered 500", START + SECOND)
        assert (len(target.requests), len(giver.requests)) == (0, 1)
        clock.advance(1)
        assert isinstance(await api.ask(PAGE), Ok)


async def test_checked_again_behind_each_wait(session: ClientSession, clock: ManualClock) -> None:
    """A token that ends while one stands in line is renewed before the request goes out."""
    tokens = [token("one"), token("two"), token("three")]
    async with with_tokens(session, clock, tokens, [HOLD, 200], at_once=1) as (api, target, _):
        first = asyncio.ensure_future(api.ask(PAGE))
        await target.next()
        second = asyncio.ensure_future(api.ask(PAGE))
        await eventually(lambda: api._budget._waiting)
        clock.advance(950)
        target.let_go()
        assert isinstance(await first, Ok)
        assert isinstance(await second, Ok)
        assert shown(target) == ["one", "two"]


async def test_only_success_proves_a_token(session: ClientSession, clock: ManualClock) -> None:
    """Waits and failures in between do not start the count of refused tokens anew."""
    tokens = [token(text) for text in ("one", "two")]
    script = [401, 500, 401]
    async with with_tokens(session, clock, tokens, script) as (api, target, giver):
        assert isinstance(await api.ask(PAGE), Retry)
        got = await api.ask(PAGE)
        assert isinstance(got, Denied)
        assert got.until == START + SECOND
        assert (len(target.requests), len(giver.requests)) == (3, 2)


async def test_a_limit_is_no_refusal(session: ClientSession, clock: ManualClock) -> None:
    """429 and 403 do not cost a token."""
    async with with_tokens(session, clock, [token("one")], [403, answer(429, "Retry-After: 5")]) as (
        api,
        _,
        giver,
    ):
        assert isinstance(await api.ask(PAGE), Fail)
        assert isinstance(await api.ask(PAGE), Wait)
        assert len(giver.requests) == 1
