"""The public listener, byte by byte: what stands on the wire is what is kept, and what an answer is."""

import asyncio
from typing import Any

import pytest

from tests.eventually import eventually
from tests.receive.stand import Stand
from tests.receive.wire import Wire, request, signature, signed

BODY = b'{"id":"e-1"}'


async def test_bytes_and_headers_are_the_senders(stand: Stand) -> None:
    """Every byte of the body; every header, repeated, oddly cased, not UTF-8, in order."""
    body = bytes(range(256)) * 64
    headers = [
        b"hOsT: relay",
        b"X-Tag: one",
        b"x-tag: two",
        b"X-Tag: one",
        b"X-Name: J\xfcrgen \xff\x80",
        "X-Other: größer".encode(),
        b"X-Empty:",
        b"X-Spaces:   a  b",
        b"Cookie: a=b; c=d",
        b"Content-Type: text/plain;charset=latin-1",
    ]
    raw = b"\r\n".join(
        [b"POST /elsewhere?q=%ff&&=a+b HTTP/1.1", *headers, b"Content-Length: 16384", b"", b""]
    )
    assert await stand.status(raw + body) == 200
    (event,) = await stand.events()
    assert event.body == body
    assert event.query == "q=%ff&&=a+b"
    kept = [name + b": " + value for name, value in event.headers or ()]
    sent = [line.replace(b":   ", b": ").replace(b"Empty:", b"Empty: ") for line in headers]
    assert kept == [*sent, b"Content-Length: 16384"]


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_body_in_pieces(stand: Stand, pieces: int) -> None:
    """However a request is cut on its way."""
    body = b"x" * 3000
    raw = signed(body)
    size = len(raw) // pieces
    async with Wire(stand.address) as wire:
        wire.writer.transport.get_extra_info("socket").setsockopt(6, 1, 1)
        for start in range(0, len(raw), size):
            await wire.send(raw[start : start + size])
        assert (await wire.answer()).status == 200
    (event,) = await stand.events()
    assert event.body == body


async def test_asks_before_it_sends(stand: Stand) -> None:
    """`Expect: 100-continue` is told to go on; one that is refused anyway is not."""
    async with Wire(stand.address) as wire:
        raw = signed(BODY, "Expect: 100-continue")
        assert (await wire.ask(raw[: -len(BODY)])).status == 100
        assert (await wire.ask(BODY)).status == 200
    stand.put_in_force(source={"max_body": "1B"})
    async with Wire(stand.address) as wire:
        assert (await wire.ask(raw[: -len(BODY)])).status == 413
    assert await stand.status(request("/nowhere", BODY, "Expect: 100-continue")) == 404


async def test_whole_address(stand: Stand) -> None:
    """A proxy's request line with scheme and host is the same path and query."""
    raw = signed(BODY).replace(b"POST /in/shop", b"POST http://hooks.example.com/in/shop?a=%20")
    assert await stand.status(raw) == 200
    (event,) = await stand.events()
    assert event.query == "a=%20"


async def test_pipelined(stand: Stand) -> None:
    """Requests that come all at once are answered in order, each for itself."""
    bodies = [b'{"id":"%d"}' % n for n in range(5)]
    async with Wire(stand.address) as wire:
        await wire.send(b"".join([signed(body) for body in bodies]) + request(body=b"unsigned"))
        said = [await wire.answer() for _ in range(6)]
    assert [each.status for each in said] == [200] * 5 + [401]
    events = {event.id: event.body for event in await stand.events()}
    assert [events[each.headers["Relay-Event-Id"]] for each in said[:5]] == bodies


async def test_http_1_0(stand: Stand) -> None:
    """An old sender is answered, and the connection ends."""
    async with Wire(stand.address) as wire:
        said = await wire.ask(signed(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert said.status == 200
        assert await wire.ended() == b""


async def test_connection_serves_again(stand: Stand) -> None:
    """One connection, many requests, refused ones among them."""
    async with Wire(stand.address) as wire:
        for n in range(3):
            assert (await wire.ask(signed(b'{"id":"%d"}' % n))).status == 200
            assert (await wire.ask(request(body=b"{}"))).status == 401
            assert (await wire.ask(request("/nowhere", b"{}"))).status == 404


async def test_answer_is_one_write(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers and body of an answer leave together: two writes cost 40 ms by delayed ACK."""
    writes: list[bytes] = []
    transport = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]  # private there
    write = transport.write

    def counted(self: Any, data: Any) -> None:
        if bytes(data[:8]) == b"HTTP/1.1" or not bytes(data).startswith((b"POST", b"GET")):
            writes.append(bytes(data))
        write(self, data)

    monkeypatch.setattr(transport, "write", counted)
    monkeypatch.setattr(transport, "writelines", lambda self, parts: counted(self, b"".join(parts)))
    for raw in (signed(BODY), signed(BODY), request(), request("/nowhere"), request("/livez", method="GET")):
        writes.clear()
        said = await stand.ask(raw)
        assert len(writes) == 1, said


async def test_draining(stand: Stand) -> None:
    """While a stop is under way requests are answered as ever, and their connections end."""
    async with Wire(stand.address) as wire:
        assert "close" not in (await wire.ask(signed(BODY))).headers.get("Connection", "")
        stand.receiver.closing = True
        said = await wire.ask(signed(b'{"id":"e-2"}'))
        assert (said.status, said.headers["Connection"]) == (200, "close")
        assert await wire.ended() == b""
    assert len(await stand.events()) == 2


async def test_idle_connections_hold_nothing_up(stand: Stand) -> None:
    """A hundred that say nothing, or half a request, and one that does."""
    wires = [Wire(stand.address) for _ in range(100)]
    for n, wire in enumerate(wires):
        await wire.__aenter__()
        if n % 2:
            await wire.send(b"POST /in/shop HTTP/1.1\r\nHost:")
    assert await stand.status(signed(BODY)) == 200
    for wire in wires:
        await wire.__aexit__(None, None, None)


async def test_senders_that_would_rather_speak_http_2(stand: Stand) -> None:
    """Some clients offer an upgrade with their first request: they are served as they are."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAA")
    async with Wire(stand.address) as wire:
        for body in (b"{}", b"x" * 100_000):
            assert (await wire.ask(signed(body, *offer))).status == 200
    assert {event.size for event in await stand.events()} == {2, 100_000}


async def test_reload_in_the_middle(stand: Stand) -> None:
    """A request that is being read when the file changes is answered by what held when it began."""
    async with Wire(stand.address) as wire:
        await wire.send(signed(BODY)[:-1])
        await eventually(lambda: stand.held)
        stand.put_in_force(source={"secret": "another"}, max_inflight="1MiB")
        assert (await wire.ask(BODY[-1:])).status == 200
        assert (await wire.ask(signed(BODY))).status == 401
    assert await stand.status(request(body=BODY)) == 401
    assert await stand.status(request("/in/shop", BODY, signature(BODY, "another"))) == 200
    assert stand.held == 0
