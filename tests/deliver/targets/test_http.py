"""An HTTP target: what it sends, byte for byte, and what it makes of every answer."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import ClientSession, TraceConfig
from hypothesis import given
from hypothesis import strategies as st

from relay.deliver.targets.protocol import Reply, Verdict
from tests.clock import START
from tests.deliver.owed import event
from tests.deliver.targets.asking import LATE, http, message, said
from tests.target import (
    BROKEN_CHUNKS,
    BROTLI,
    CUT_BODY,
    GARBAGE,
    HANG,
    HUGE,
    SLOW_BODY,
    Answer,
    ScriptedTarget,
    Then,
    answer,
)

OURS = {
    b"Relay-Event-Id",
    b"Relay-Source",
    b"Relay-Type",
    b"Relay-Attempt",
    b"Idempotency-Key",
    b"traceparent",
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies of answers are waited for but a moment."""
    monkeypatch.setattr("relay.deliver.targets.http.ANSWER_SECONDS", LATE)


async def test_request_is_the_senders(session: ClientSession) -> None:
    """POST, the sender's bytes and headers, ours, a length and a host, and nothing else at all."""
    body = bytes(range(256)) * 300
    headers = (
        (b"User-Agent", b"Shop/1.0"),
        (b"Content-Type", b"x/y; q=\xc3\xbc"),
        (b"X-Tag", b"1"),
        (b"X-Tag", b"2"),
        (b"Content-Encoding", b"gzip"),
    )
    async with ScriptedTarget() as target:
        reply = await http(target.url + "?a=%20b&c", session).send(
            message(of=event(body=body, headers=headers)), START
        )
        request = await target.next()
    assert reply == Reply(Verdict.TAKEN, 200)
    assert request.line == b"POST /hooks?a=%20b&c HTTP/1.1"
    assert request.body == body
    ours = {
        b"Relay-Event-Id",
        b"Relay-Source",
        b"Relay-Type",
        b"Relay-Attempt",
        b"Idempotency-Key",
        b"traceparent",
    }
    rest = [(name, value) for name, value in request.headers if name not in ours]
    wire = [(b"Host", f"127.0.0.1:{target.port}".encode()), (b"Content-Length", str(len(body)).encode())]
    assert sorted(rest) == sorted([*headers, *wire])


async def test_nothing_is_added(session: ClientSession) -> None:
    """No Content-Type, User-Agent or Accept of the sender's: none at the target; an empty body is one."""
    async with ScriptedTarget() as target:
        await http(target.url, session).send(message(of=event(body=b"", headers=())), START)
        request = await target.next()
    names = {name.lower() for name, _ in request.headers}
    assert names & {b"content-type", b"user-agent", b"accept", b"accept-encoding"} == set()
    assert request.values("content-length") == [b"0"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_taken(session: ClientSession, status: int) -> None:
    """Any 2xx: delivered."""
    assert await said(session, status) == Reply(Verdict.TAKEN, status)


@pytest.mark.parametrize("body", [HUGE, BROTLI, CUT_BODY], ids=["huge", "brotli", "cut"])
async def test_taken_whatever_its_body_is(session: ClientSession, body: Answer) -> None:
    """A body of any size, encoding or end changes nothing of a 2xx."""
    assert await said(session, body) == Reply(Verdict.TAKEN, 200)


async def test_taken_though_its_body_breaks(session: ClientSession, impatient: None) -> None:
    """A body that turns out to be no body, when the 2xx was already read, changes nothing of it."""
    async with ScriptedTarget([BROKEN_CHUNKS]) as target:
        _when_answered(session, target.let_go)
        assert await http(target.url, session).send(message(), START) == Reply(Verdict.TAKEN, 200)


def _when_answered(session: ClientSession, call: Callable[[], None]) -> None:
    """Call when an answer's head is read."""

    async def answered(*_: object) -> None:
        call()

    tracing = TraceConfig()
    tracing.on_request_end.append(answered)
    tracing.freeze()
    session.trace_configs.append(tracing)


async def test_taken_though_its_body_hangs(session: ClientSession, impatient: None) -> None:
    """A body that never ends changes nothing of a 2xx, and holds its slot no longer than a moment."""
    assert await said(session, SLOW_BODY) == Reply(Verdict.TAKEN, 200)


@pytest.mark.parametrize("status", [400, 405, 406, 409, *range(411, 418), 422])
async def test_refused(session: ClientSession, status: int) -> None:
    """These judge the event."""
    reply = await said(session, status)
    assert (reply.verdict, reply.status) == (Verdict.REFUSED, status)


@pytest.mark.parametrize("status", [401, 403, 404, 407, 408, 418, 421, 429, 451, 500, 502, 503, 504, 599])
async def test_failed(session: ClientSession, status: int) -> None:
    """Any other answer is a failure, and so are 429 and 503 that name no time."""
    reply = await said(session, status)
    assert (reply.verdict, reply.status, reply.error) == (
        Verdict.FAILED,
        status,
        f"answered {status} Said So",
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(session: ClientSession, status: int) -> None:
    """3xx is a failed attempt: where it points to hears nothing."""
    async with ScriptedTarget() as elsewhere:
        reply = await said(session, answer(status, f"Location: {elsewhere.url}"))
        assert elsewhere.requests == []
    assert (reply.verdict, reply.status) == (Verdict.FAILED, status)


async def test_gone(session: ClientSession) -> None:
    """410."""
    assert (await said(session, 410)).verdict is Verdict.GONE


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds(session: ClientSession, status: int) -> None:
    """With a number: that many seconds."""
    reply = await said(session, answer(status, "Retry-After: 120"))
    assert (reply.verdict, reply.retry_after) == (Verdict.LATER, 120)


async def test_retry_after_elsewhere(session: ClientSession) -> None:
    """Retry-After asks for silence only with 429 and 503."""
    assert (await said(session, answer(500, "Retry-After: 120"))).verdict is Verdict.FAILED


async def test_no_answer_in_time(session: ClientSession) -> None:
    """A target that takes the request and says nothing: a failed attempt, not a lost connection."""
    assert await said(session, HANG, LATE) == Reply(Verdict.FAILED, error=f"no answer within {LATE:g} s")


@pytest.mark.parametrize(
    "raw",
    [GARBAGE.raw, b"HTTP/1.1 xyz\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"\x16\x03\x01\x00"],
)
async def test_garbage(session: ClientSession, raw: bytes) -> None:
    """An answer that is no HTTP is a failed attempt."""
    reply = await said(session, Answer(raw, Then.CLOSE))
    assert reply.verdict in {Verdict.FAILED, Verdict.UNREACHABLE}


@given(st.binary(max_size=60))
async def test_no_answer_raises(tail: bytes) -> None:
    """Whatever a target says, there is a verdict."""
    from relay.http.session import open_session

    async with open_session() as session:
        reply = await said(session, Answer(b"HTTP/1.1 200 OK\r\n" + tail, Then.CLOSE), LATE * 10)
    assert isinstance(reply.verdict, Verdict)


@pytest.mark.parametrize("reason", [b"\xff\xfe", b"a\x01\x1b[2Jb", b"a\0b"])
async def test_reason_that_is_no_text(session: ClientSession, reason: bytes) -> None:
    """A target's words are made fit to be kept and shown."""
    reply = await said(session, Answer(b"HTTP/1.1 500 " + reason + b"\r\nContent-Length: 0\r\n\r\n"))
    assert reply.status == 500
    assert str(reply.error).isprintable()


async def test_reason_is_cut(session: ClientSession) -> None:
    """A target's words do not fill the store."""
    reply = await said(session, Answer(b"HTTP/1.1 500 " + b"x" * 5000 + b"\r\nContent-Length: 0\r\n\r\n"))
    assert reply.verdict is Verdict.FAILED
    assert len(str(reply.error)) <= 200


async def test_connection_serves_again(session: ClientSession) -> None:
    """An answer that was read leaves its connection to the next attempt; one too large to read does not."""
    async with ScriptedTarget([answer(200, body=b"ok"), HUGE]) as target:
        sender = http(target.url, session)
        for n in range(1, 4):
            assert (await sender.send(message(n), START)).verdict is Verdict.TAKEN
        assert target.connections == 2


async def test_password_of_the_url(session: ClientSession) -> None:
    """A user and password in the url go as Basic, and replace a sender's own Authorization."""
    owed = event(headers=((b"Authorization", b"Bearer senders"),))
    async with ScriptedTarget() as target:
        url = target.url.replace("//", "//user:pass@")
        assert (await http(url, session).send(message(of=owed), START)).verdict is Verdict.TAKEN
        request = await target.next()
    assert request.values("authorization") == [b"Basic dXNlcjpwYXNz"]


async def test_password_is_never_told(session: ClientSession) -> None:
    """No error shows what stands in the url."""
    async with ScriptedTarget() as target:
        url = target.url.replace("//", "//user:hidden@") + "?key=hidden"
    for broken in (url, "http://user:hidden@no-such-host.invalid./hidden"):
        reply = await http(broken, session).send(message(), START)
        assert reply.verdict is Verdict.UNREACHABLE
        assert "hidden" not in repr(reply)


async def test_cancelled(session: ClientSession) -> None:
    """A drain that cuts an attempt off is no answer."""
    async with ScriptedTarget([HANG]) as target:
        task = asyncio.create_task(http(target.url, session).send(message(), START))
        await target.next()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
