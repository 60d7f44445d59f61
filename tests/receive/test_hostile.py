"""Whatever is thrown at the public listener: no 500, no 2xx without a signature, nothing left behind."""

import asyncio
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clock import ManualClock
from tests.eventually import eventually
from tests.receive.stand import Stand
from tests.receive.wire import PATIENCE, Said, Wire, chunked, request, signature, signed

POST = b"POST /in/shop HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
SIGNED = signature(b"{}").encode() + b"\r\n"

BODY = b'{"id":"1"}'

RAW = {
    "nothing": b"",
    "garbage": bytes(range(256)),
    "newlines": b"\r\n" * 1000,
    "nuls": b"\0" * 1000,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 50,
    "no version": b"POST /in/shop\r\n\r\n",
    "long line": b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "endless line": b"P" * 200_000,
    "long header": POST + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "thousands of headers": POST + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    "endless headers": POST + b"X: y\r\n" * 50_000,
    "header without a name": POST + b": y\r\n\r\n",
    "header with a NUL": POST + b"X: a\0b\r\n\r\n",
    "folded header": POST + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "no host": b"POST /in/shop HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "length that is none": POST + b"Content-Length: two\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "huge length": POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "length and chunks": CHUNKED + b"Content-Length: 2\r\n\r\n{}",
    "chunk that is none": CHUNKED + SIGNED + b"\r\nxyz\r\n{}\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + SIGNED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "huge chunk": CHUNKED + SIGNED + b"\r\nffffffffffffffffff\r\n{}",
    "chunk that lies": CHUNKED + SIGNED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
    "long chunk extension": CHUNKED + b"\r\n2;" + b"a" * 50_000 + b"\r\n{}\r\n0\r\n\r\n",
    "odd encoding": POST + b"Transfer-Encoding: gzip, banana\r\nContent-Length: 2\r\n\r\n{}",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunked(b"{}"),
    "unsigned": request(body=b"{}"),
    "not UTF-8": request("/in/shop", b"\xff\xfe" * 100, "X-Signature: \xff"),
    "deep": request("/in/shop", b"[" * 100_000 + b"]" * 100_000),
    "bomb": request("/in/shop", zlib.compress(b"\0" * 10_000_000, wbits=31), "Content-Encoding: gzip"),
    "odd target": b"POST * HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority": b"CONNECT in:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "broken address": b"POST http://[::1/in/shop HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad port": b"POST http://x:99999999/in/shop HTTP/1.1\r\nHost: x\r\n\r\n",
    "not ASCII": b"POST /in/\xff\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n",
    "websocket": POST.replace(b"POST", b"GET") + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "odd expectation": POST + b"Expect: the worst\r\nContent-Length: 2\r\n\r\n{}",
    "smuggled": request(body=b"{}") + b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n",
}


LAST = b"\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Behind what is hostile a harmless request, with which the connection ends."""


async def answers(stand: Stand, raw: bytes) -> list[Said]:
    """All that is answered to `raw` until the connection ends."""
    said: list[Said] = []
    async with Wire(stand.address) as wire:
        wire.writer.write(raw + LAST)
        while not said or said[-1].headers.get("Connection") != "close":
            try:
                said.append(await wire.answer())
            except (asyncio.IncompleteReadError, ConnectionError):
                break
    return said


@pytest.fixture
async def stand(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stand]:
    """It waits for no body."""
    async with Stand(tmp_path, clock) as opened:
        opened.put_in_force(source={"body_timeout": "10ms"})
        yield opened


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
async def test_hostile(stand: Stand, raw: bytes) -> None:
    """It is refused or left without an answer; nothing is kept, and the next one is served."""
    said = await answers(stand, raw)
    assert all(each.status == 200 or 400 <= each.status < 500 for each in said), said
    assert not any("Relay-Event-Id" in each.headers for each in said)
    await eventually(lambda: stand.held == 0)
    assert await stand.events() == []
    stand.put_in_force()
    assert await stand.status(signed(b"{}")) == 200


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_mangled(stand: Stand, data: st.DataObject) -> None:
    """A genuine request with a few bytes of it changed, cut or repeated: never a 500, never another body."""
    raw = bytearray(signed(BODY, "X-Other: 1"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=6))
    said = [each.status for each in await answers(stand, bytes(raw))]
    assert said
    assert set(said) <= {200, 400, 401, 404, 405, 408, 413}
    assert all(event.body == BODY for event in await stand.events())
    await eventually(lambda: stand.held == 0)


@given(st.binary(max_size=2000), st.text("\t abcXYZ019;=,\xff", max_size=30))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_body_that_is_signed(stand: Stand, body: bytes, value: str) -> None:
    """Whatever a believed sender sends is kept to the byte; never a 500."""
    stand.put_in_force()
    said = await stand.ask(signed(body, f"X-Other: {value}", f"Content-Type: {value}"))
    assert said.status == 200
    event = await stand.store.show(said.headers["Relay-Event-Id"])
    assert event is not None
    assert event.body == body


async def test_deep_json_that_is_signed(stand: Stand) -> None:
    """100,000 brackets are an event without an id."""
    stand.put_in_force()
    body = b"[" * 100_000 + b"]" * 100_000
    assert await stand.status(signed(body)) == 200
    (event,) = await stand.events()
    assert (event.body, event.type) == (body, "shop")


async def test_odd_names_that_are_signed(stand: Stand) -> None:
    """NULs, surrogates, megabytes and numbers where an id and a type should be."""
    stand.put_in_force()
    odd = [
        b'"\\u0000"',
        b'"\\ud800"',
        b'"' + b"x" * 1_000_000 + b'"',
        b"1e999",
        b"-0",
        b"{}",
        b"[1]",
        b'"\xff"',
    ]
    for value in odd:
        assert await stand.status(signed(b'{"id":%s,"type":%s}' % (value, value))) in {200, 400}
    assert (await stand.store.audit()).ok


async def test_memory_is_bounded(stand: Stand) -> None:
    """Many senders of much: what is held stays below max_inflight, whatever they claim to send."""
    limit = 4 << 20
    stand.put_in_force(max_inflight="4MiB", max_body="2MiB")
    part = request("/in/shop", b"x" * (2 << 20))[:-1]
    await stand.ask(request(body=b"warm"))
    tracemalloc.start()
    try:
        wires = [Wire(stand.address) for _ in range(12)]
        sending = [asyncio.create_task(_pour(wire, part)) for wire in wires]
        held = 0
        while not all(task.done() for task in sending):
            held = max(held, stand.held)
            await asyncio.wait(sending, timeout=0.005)
        assert held <= limit
        _, peak = tracemalloc.get_traced_memory()
        for wire in wires:
            wire.writer.transport.abort()
        await eventually(lambda: stand.held == 0)
    finally:
        tracemalloc.stop()
    assert peak < 4 * limit


async def _pour(wire: Wire, raw: bytes) -> None:
    """Send all of it but for what the other side refuses to take."""
    await wire.__aenter__()
    try:
        async with asyncio.timeout(PATIENCE):
            await wire.send(raw)
    except ConnectionError:
        return
