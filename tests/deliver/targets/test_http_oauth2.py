"""An HTTP target that wants an OAuth2 token: one for all who send, renewed in time."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import structlog
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.protocol import Reply, Verdict
from tests.clock import START, ManualClock
from tests.deliver.targets.asking import LATE, message, opened, table
from tests.target import HANG, HOLD, Answer, ScriptedTarget, Then, answer

SECRET = "cs-Zq81/+="
ENVIRON = {"SECRET": SECRET}


def token(text: str) -> Answer:
    """A token that lives for 1000 seconds."""
    body = json.dumps({"access_token": text, "token_type": "Bearer", "expires_in": 1000})
    return answer(200, "Content-Type: application/json", body=body.encode())


def wanting(
    url: str, giver: str, session: ClientSession, clock: ManualClock, timeout: float = 20
) -> HttpTarget:
    auth = {"type": "oauth2", "token_url": giver, "client_id": "me", "client_secret": {"env": "SECRET"}}
    return opened(table(url, ENVIRON, timeout=f"{timeout * 1000:g}ms", auth=auth), session, clock)


Opened = tuple[HttpTarget, ScriptedTarget, ScriptedTarget]


@asynccontextmanager
async def asked(
    session: ClientSession,
    clock: ManualClock,
    tokens: Sequence[Answer | int],
    script: Sequence[Answer | int] = (),
    patience: float = 20,
) -> AsyncIterator[Opened]:
    """A target, where it stands, and where its tokens come from."""
    async with ScriptedTarget(script) as there, ScriptedTarget(tokens) as giver:
        target = wanting(there.url, giver.url, session, clock, patience)
        try:
            yield target, there, giver
        finally:
            await target.close()


def shown(there: ScriptedTarget) -> list[str]:
    return [request.value("Authorization").removeprefix("Bearer ") for request in there.requests]


def replies(said: Sequence[Reply]) -> list[tuple[Verdict, int | None]]:
    return [(reply.verdict, reply.status) for reply in said]


async def test_one_fetch_for_all(session: ClientSession, clock: ManualClock) -> None:
    """Fifty who send at once wait for one fetch, and show its token."""
    fetched = 0

    async def give(request: web.Request) -> web.Response:
        nonlocal fetched
        fetched += 1
        return web.json_response({"access_token": f"t{fetched}", "token_type": "Bearer", "expires_in": 1000})

    app = web.Application()
    app.router.add_post("/token", give)
    async with TestServer(app) as giver, ScriptedTarget() as there:
        target = wanting(there.url, str(giver.make_url("/token")), session, clock)
        said = await asyncio.gather(*[target.send(message(n), START) for n in range(50)])
    assert fetched == 1
    assert replies(said) == [(Verdict.TAKEN, 200)] * 50
    assert shown(there) == ["t1"] * 50


async def test_renewed_in_time(session: ClientSession, clock: ManualClock) -> None:
    """At 90 % of its life, and not before."""
    async with asked(session, clock, [token("one"), token("two")]) as (target, there, _):
        for seconds in (0, 899, 1):
            clock.advance(seconds)
            await target.send(message(), clock.now())
    assert shown(there) == ["one", "one", "two"]


async def test_401_then_well(session: ClientSession, clock: ManualClock) -> None:
    """A token that is refused is renewed, and the same request goes out again, in one attempt."""
    async with asked(session, clock, [token("one"), token("two")], [401, 201]) as (target, there, giver):
        reply = await target.send(message(path="/x"), START)
    assert reply == Reply(Verdict.TAKEN, 201)
    assert shown(there) == ["one", "two"]
    first, second = (
        [header for header in each.headers if header[0] != b"Authorization"] for each in there.requests
    )
    assert sorted(first) == sorted(second)
    assert {each.line for each in there.requests} == {b"POST /hooks/x HTTP/1.1"}
    assert len(giver.requests) == 2


async def test_second_401(session: ClientSession, clock: ManualClock) -> None:
    """It is a failed attempt. The token is as good as any: who sends next shows it, and costs no other."""
    async with asked(session, clock, [token("one"), token("two")], [401, 401, 200]) as (target, there, giver):
        said = [await target.send(message(), START) for _ in range(2)]
    assert replies(said) == [(Verdict.FAILED, 401), (Verdict.TAKEN, 200)]
    assert shown(there) == ["one", "two", "two"]
    assert len(giver.requests) == 2


async def test_each_token_may_end(session: ClientSession, clock: ManualClock) -> None:
    """A token that was good and ends is replaced at once, however often that happens."""
    tokens = [token(str(n)) for n in range(5)]
    async with asked(session, clock, tokens, [401, 200] * 4) as (target, there, _):
        assert replies([await target.send(message(), START) for _ in range(4)]) == [(Verdict.TAKEN, 200)] * 4
    assert shown(there) == ["0", "1", "1", "2", "2", "3", "3", "4"]


async def test_401_for_ever(session: ClientSession, clock: ManualClock) -> None:
    """Each is a failed attempt; and the token's url is not asked for each, but ever more seldom."""
    tokens = [token(f"t{n}") for n in range(99)]
    async with asked(session, clock, tokens, [401] * 99) as (target, _, giver):
        for _ in range(30):
            reply = await target.send(message(), clock.now())
            assert (reply.verdict, reply.status) == (Verdict.FAILED, 401)
            clock.advance(1)
    assert len(giver.requests) == 6


async def test_one_that_helps_sets_all_right(session: ClientSession, clock: ManualClock) -> None:
    """Behind a new token that was taken, useless ones count from the start."""
    script = [401, 401, 401, 200, 401, 401, 401, 200]
    async with asked(session, clock, [token(str(n)) for n in range(5)], script) as (target, _, _giver):
        statuses = []
        for seconds in (0, 1, 0, 1):
            clock.advance(seconds)
            statuses.append((await target.send(message(), clock.now())).status)
    assert statuses == [401, 200, 401, 200]


async def test_401_of_one_event_only(session: ClientSession, clock: ManualClock) -> None:
    """What is refused for no fault of the token costs the others nothing, though the token's url is gone."""

    async def not_two(request: web.Request) -> web.Response:
        return web.Response(status=401 if request.path == "/hooks/two" else 200)

    app = web.Application()
    app.router.add_post("/hooks/{n}", not_two)
    async with TestServer(app) as there, ScriptedTarget([token("one")], rest=500) as giver:
        target = wanting(str(there.make_url("/hooks")), giver.url, session, clock)
        said = [await target.send(message(path=path), START) for path in ("/one", "/two", "/three")]
    assert replies(said) == [(Verdict.TAKEN, 200), (Verdict.UNREACHABLE, None), (Verdict.TAKEN, 200)]


async def test_many_401_one_fetch(session: ClientSession, clock: ManualClock) -> None:
    """Requests under way with the same dead token are all repeated with one new one."""

    async def only_two(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.headers["Authorization"] == "Bearer two" else 401)

    app = web.Application()
    app.router.add_post("/hooks", only_two)
    async with TestServer(app) as there, ScriptedTarget([token("one"), token("two")]) as giver:
        target = wanting(str(there.make_url("/hooks")), giver.url, session, clock)
        said = await asyncio.gather(*[target.send(message(n), START) for n in range(20)])
    assert replies(said) == [(Verdict.TAKEN, 200)] * 20
    assert len(giver.requests) == 2


async def test_late_401_no_fetch(session: ClientSession, clock: ManualClock) -> None:
    """A request whose token was refused has a new one by then: it is repeated with that."""
    late = b"HTTP/1.1 401 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    script: list[Answer | int] = [Answer(b"", Then.HANG, late), 401, 200, 200]
    async with asked(session, clock, [token("one"), token("two")], script) as (target, there, giver):
        first = asyncio.create_task(target.send(message(), START))
        await there.next()
        assert (await target.send(message(2), START)).verdict is Verdict.TAKEN
        there.let_go()
        assert (await first).verdict is Verdict.TAKEN
    assert shown(there) == ["one", "one", "two", "two"]
    assert len(giver.requests) == 2


async def test_no_token(session: ClientSession, clock: ManualClock) -> None:
    """While none can be had nothing is sent: the target is out of reach, and why is told."""
    async with asked(session, clock, [500, token("one")]) as (target, there, giver):
        for _ in range(2):
            reply = await target.send(message(), START)
            assert reply == Reply(Verdict.UNREACHABLE, error="no token: answered 500")
        assert (len(there.requests), len(giver.requests)) == (0, 1)
        clock.advance(1)
        assert (await target.send(message(), START)).verdict is Verdict.TAKEN


async def test_token_url_is_not_there(session: ClientSession, clock: ManualClock) -> None:
    """Nobody listens there."""
    async with ScriptedTarget() as gone, ScriptedTarget() as there:
        await gone.close()
        target = wanting(there.url, gone.url, session, clock)
        reply = await target.send(message(), START)
    assert reply == Reply(Verdict.UNREACHABLE, error="no token: no connection: Connection refused")
    assert there.requests == []


async def test_401_and_then_no_token(session: ClientSession, clock: ManualClock) -> None:
    """A token that is refused while there is no other: the target is out of reach."""
    async with asked(session, clock, [token("one"), 503, 500], [401, 401]) as (target, there, giver):
        for _ in range(2):
            reply = await target.send(message(), START)
            assert reply == Reply(Verdict.UNREACHABLE, error="no token: answered 503")
    assert (len(there.requests), len(giver.requests)) == (2, 2)


async def test_token_that_does_not_come(session: ClientSession, clock: ManualClock) -> None:
    """The attempt ends with its timeout; the fetch goes on, for whoever sends next."""
    async with asked(session, clock, [HOLD], patience=LATE) as (target, there, giver):
        reply = await target.send(message(), START)
        assert reply == Reply(Verdict.UNREACHABLE, error=f"no token within {LATE:g} s")
        assert (await target.send(message(), START)) == reply
    assert (len(there.requests), len(giver.requests)) == (0, 1)


class Watched:
    """A session that keeps how long each request may take."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.limits: list[float] = []

    def post(self, url: URL, **keys: Any) -> Any:
        self.limits.append(keys["timeout"].total)
        return self.session.post(url, **keys)


async def test_one_timeout_for_all(session: ClientSession, clock: ManualClock) -> None:
    """What is repeated has the time that is left of the attempt's, and no more."""
    watched = Watched(session)
    async with asked(
        cast(ClientSession, watched), clock, [token("one"), token("two")], [401, HANG], LATE
    ) as (
        target,
        _,
        _giver,
    ):
        reply = await target.send(message(), START)
    assert reply == Reply(Verdict.FAILED, error=f"no answer within {LATE:g} s")
    _, first, _, second = watched.limits
    assert LATE > first > second > 0


async def test_token_is_not_told(session: ClientSession, clock: ManualClock) -> None:
    """A target that repeats it shows it to nobody, though it has a successor by then."""
    late = b"HTTP/1.1 500 no tok-Wr66 here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    script: list[Answer | int] = [Answer(b"", Then.HANG, late), 200]
    tokens = [token("tok-Wr66"), token("tok-two")]
    with structlog.testing.capture_logs() as lines:
        async with asked(session, clock, tokens, script) as (target, there, _):
            first = asyncio.create_task(target.send(message(), START))
            await there.next()
            clock.advance(950)
            await target.send(message(2), clock.now())
            there.let_go()
            assert (await first).error == "answered 500 no *** here"
    assert shown(there) == ["tok-Wr66", "tok-two"]
    assert "Wr66" not in repr(lines)


async def test_client_secret_is_not_told(session: ClientSession, clock: ManualClock) -> None:
    """The token's url repeats what it was sent."""
    echo = answer(400, body=json.dumps({"error": f"bad {SECRET}"}).encode())
    with structlog.testing.capture_logs() as lines:
        async with asked(session, clock, [echo]) as (target, _, _giver):
            reply = await target.send(message(), START)
    assert reply.error == "no token: answered 400: bad ***"
    assert lines[0]["of"] == "target.box"
    assert "Zq81" not in repr(lines)


async def test_cut_off_while_a_token_is_fetched(session: ClientSession, clock: ManualClock) -> None:
    """An attempt that is cancelled ends at once; the fetch ends with the target."""
    async with asked(session, clock, [HANG]) as (target, _, giver):
        send = asyncio.create_task(target.send(message(), START))
        await giver.next()
        send.cancel()
        with pytest.raises(asyncio.CancelledError):
            await send
    await target.close()
    assert not [task for task in asyncio.all_tasks() if "OAuth2" in repr(task)]
