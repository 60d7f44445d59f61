"""Redirects of an api: followed by hand, never out of its places, never with what proves us."""

from typing import Any

import pytest
from aiohttp import ClientSession

from relay.http.api import MOST_REDIRECTS
from relay.http.ask import Ask, Denied, Fail, Ok
from tests.clock import ManualClock
from tests.http.asking import ENVIRON, asked, says
from tests.target import Answer, ScriptedTarget, answer

PAGE = Ask("/events")
AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": {"env": "TOKEN"}},
    "header": {"type": "header", "name": "X-Key", "value": {"env": "TOKEN"}},
    "query": {"type": "query", "name": "key", "value": {"env": "TOKEN"}},
}


def to(location: str, status: int = 302) -> Answer:
    return answer(status, f"Location: {location}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_followed(session: ClientSession, clock: ManualClock, status: int) -> None:
    """On the api's own place, with all that the request had."""
    script = [to("/v2/events?page=2", status), says({"a": 1})]
    async with asked(session, clock, script, auth=AUTHS["bearer"], headers={"X-Version": "7"}) as (
        api,
        target,
    ):
        got = await api.ask(Ask("/events", (("page", "1"),), headers=(("If-None-Match", "x"),)))
        assert isinstance(got, Ok)
        assert got.response.json == {"a": 1}
        assert got.response.url.endswith("/v2/events?page=2")
        first, second = target.requests
    assert second.line == b"GET /v2/events?page=2 HTTP/1.1"
    assert second.headers == first.headers


@pytest.mark.parametrize("kind", AUTHS)
async def test_another_host_learns_nothing(session: ClientSession, clock: ManualClock, kind: str) -> None:
    """A listed host is asked without what proves us, and without any header but harmless ones."""
    headers = {"X-Extra": {"env": "EXTRA"}, "Authorization": {"env": "PASSWORD"}}
    async with ScriptedTarget([says({"a": 1})]) as other:
        words = {"auth": AUTHS[kind], "headers": headers, "hosts": [f"127.0.0.1:{other.port}"]}
        script = [to(f"http://127.0.0.1:{other.port}/file")]
        async with asked(session, clock, script, **words) as (api, _):
            ask = Ask("/events", headers=(("X-Own", "own"), ("If-None-Match", "tag"), ("Cookie", "a=b")))
            assert isinstance(await api.ask(ask), Ok)
            request = await other.next()
    assert request.line == b"GET /file HTTP/1.1"
    assert not any(secret.encode() in request.raw for secret in ENVIRON.values())
    names = {name.lower() for name, _ in request.headers}
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"if-none-match"}


async def test_back_from_another_host(session: ClientSession, clock: ManualClock) -> None:
    """A host that sends us back home does not get to use what proves us there."""
    async with ScriptedTarget() as other:
        words = {"auth": AUTHS["bearer"], "hosts": [f"127.0.0.1:{other.port}"]}
        async with asked(session, clock, [to(f"http://127.0.0.1:{other.port}/x"), 401], **words) as (
            api,
            target,
        ):
            other.script = [to(f"http://127.0.0.1:{target.port}/v1/delete-all")]
            assert isinstance(await api.ask(PAGE), Denied)
            back = target.requests[-1]
    assert back.line == b"GET /v1/delete-all HTTP/1.1"
    assert back.values("Authorization") == []


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1"),
        ("//evil.example/x?y=1", "//evil.example"),
        ("https://user:word@evil.example", "https://evil.example"),
        ("gopher://127.0.0.1/", "gopher://127.0.0.1"),
        ("http://[", "http://["),
        ("mailto:evil@example.com", "what is neither a path nor a url"),
    ],
)
async def test_never_out_of_its_places(
    session: ClientSession, clock: ManualClock, location: str, place: str
) -> None:
    """Elsewhere is a failure that says where it would have led, and nobody is asked there."""
    async with asked(session, clock, [to(location)]) as (api, target):
        got = await api.ask(PAGE)
        assert isinstance(got, Fail)
        assert got.why == f"redirected to {place}, which is none of the api's addresses"
        assert len(target.requests) == 1


async def test_no_further(session: ClientSession, clock: ManualClock) -> None:
    """A circle ends after a few."""
    async with asked(session, clock, [to("/v1/events")] * 20) as (api, target):
        assert await api.ask(PAGE) == Fail("more than 5 redirects")
        assert len(target.requests) == 1 + MOST_REDIRECTS


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_what_changes_something_is_not_followed(
    session: ClientSession, clock: ManualClock, method: str
) -> None:
    """Only GET and HEAD are asked again elsewhere."""
    async with asked(session, clock, [to("/v1/x", 307)]) as (api, target):
        got = await api.ask(Ask("/events", method=method, content=b"x"))
        assert isinstance(got, Fail)
        assert got.why == "answered 307"
        assert len(target.requests) == 1


async def test_a_redirect_to_nowhere(session: ClientSession, clock: ManualClock) -> None:
    """A 302 without a Location is a failure like any other; `check` is not asked about redirects."""
    async with asked(session, clock, [302], check='body.ok ? "ok" : "retry"') as (api, _):
        got = await api.ask(PAGE)
        assert isinstance(got, Fail)
        assert got.why == "answered 302"


async def test_a_head(session: ClientSession, clock: ManualClock) -> None:
    """HEAD is followed too, and its answers have no body whatever they say of one."""
    bare = Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n")
    async with asked(session, clock, [to("/v1/x"), bare]) as (api, _):
        got = await api.ask(Ask("/events", method="HEAD"))
    assert isinstance(got, Ok)
    assert got.response.body == b""
