"""The public listener, status by status: contract 3's table against real sockets."""

import asyncio
import zlib

import pytest

from tests.clock import START
from tests.eventually import eventually
from tests.receive.stand import Stand
from tests.receive.wire import Wire, chunked, request, signature, signed

BODY = b'{"id":"e-1","type":"paid"}'


async def test_accepted(stand: Stand) -> None:
    """200, an empty body, the event's id; and it is on disk, with the sender's names."""
    said = await stand.ask(signed(BODY))
    assert (said.status, said.body, "Relay-Duplicate" in said.headers) == (200, b"", False)
    (event,) = await stand.events()
    assert said.headers["Relay-Event-Id"] == event.id
    assert (event.key, event.type, event.source, event.via) == ("e-1", "paid", "shop", "webhook")
    assert (event.received_at, event.body) == (START, BODY)
    assert (stand.count("accepted"), stand.held) == (1, 0)


async def test_duplicate(stand: Stand) -> None:
    """The same id again: 200, the first one's id, and nothing new; another body changes nothing of it."""
    first = await stand.ask(signed(BODY))
    again = await stand.ask(signed(BODY + b" "))
    assert again.status == 200
    assert again.headers["Relay-Event-Id"] == first.headers["Relay-Event-Id"]
    assert again.headers["Relay-Duplicate"] == "true"
    assert len(await stand.events()) == 1
    assert (stand.count("accepted"), stand.count("duplicate")) == (1, 1)


async def test_duplicates_at_the_same_moment(stand: Stand) -> None:
    """Many at once are one event."""
    said = await asyncio.gather(*[stand.ask(signed(BODY)) for _ in range(20)])
    assert [each.status for each in said] == [200] * 20
    assert len({each.headers["Relay-Event-Id"] for each in said}) == 1
    assert sum("Relay-Duplicate" not in each.headers for each in said) == 1
    assert len(await stand.events()) == 1


async def test_no_id_is_nobodys_duplicate(stand: Stand) -> None:
    """What a sender gives no id is never taken for a duplicate: its key is its own id (contract 2)."""
    assert [await stand.status(request("/elsewhere", b"same")) for _ in range(3)] == [200] * 3
    events = await stand.events()
    assert ([event.key for event in events], len(events)) == ([event.id for event in events], 3)
    names = await stand.store._reading.run(lambda c: c.execute("SELECT count(*) FROM seen").fetchone())
    assert names == (0,), "nothing is remembered of a key that nobody else has"


@pytest.mark.parametrize(
    "raw",
    [
        request(body=BODY),
        request("/in/shop", BODY, "X-Signature: sha256=" + "0" * 64),
        request("/in/shop", BODY, "X-Signature:"),
        request("/in/shop", BODY, signature(BODY + b" ")),
        request("/in/shop", BODY, signature(BODY, "other")),
        request("/in/shop", b"", "X-Signature: sha256="),
    ],
)
async def test_not_authenticated(stand: Stand, raw: bytes) -> None:
    """401, and nothing is kept."""
    said = await stand.ask(raw)
    assert (said.status, said.body) == (401, b"")
    assert await stand.events() == []
    assert stand.count("rejected") == 1


@pytest.mark.parametrize(
    "path", ["/", "/in", "/in/", "/in/other", "/in/shop/", "/in/Shop", "/in/open", "/in/shop%20"]
)
async def test_no_such_source(stand: Stand, path: str) -> None:
    """404, also where a source has a path of its own."""
    assert await stand.status(request(path, BODY, signature(BODY))) == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_method(stand: Stand, method: str) -> None:
    """405, and what is allowed."""
    said = await stand.ask(request(method=method))
    assert (said.status, said.headers["Allow"]) == (405, "POST")


async def test_path_of_its_own(stand: Stand) -> None:
    """A source listens where it says, whatever the query."""
    assert await stand.status(request("/elsewhere?a=b&c", b"x")) == 200
    (event,) = await stand.events()
    assert (event.source, event.query) == ("open", "a=b&c")


async def test_allow_from(stand: Stand) -> None:
    """Others than those allowed: 403, before anything is read or verified."""
    stand.put_in_force(source={"allow_from": ["10.0.0.0/8"]})
    assert await stand.status(signed(BODY)) == 403
    stand.put_in_force(source={"allow_from": ["10.0.0.0/8", "127.0.0.0/8"]})
    assert await stand.status(signed(BODY)) == 200


async def test_forwarded_for(stand: Stand) -> None:
    """X-Forwarded-For is believed of trusted proxies only, and only what they added."""
    only_ten = {"allow_from": ["10.0.0.0/8"]}
    stand.put_in_force(source=only_ten)
    assert await stand.status(signed(BODY, "X-Forwarded-For: 10.1.1.1")) == 403
    stand.put_in_force(source=only_ten, trusted_proxies=["127.0.0.1"])
    assert await stand.status(signed(BODY, "X-Forwarded-For: 10.1.1.1")) == 200
    assert await stand.status(signed(BODY, "X-Forwarded-For: 10.1.1.1, 192.0.2.1")) == 403
    assert await stand.status(signed(BODY, "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.1.1.1")) == 200
    assert await stand.status(signed(BODY)) == 403


async def test_slow_body(stand: Stand) -> None:
    """408 for a body that does not come in time, and the connection ends."""
    stand.put_in_force(source={"body_timeout": "30ms"})
    async with Wire(stand.address) as wire:
        said = await wire.ask(signed(BODY)[:-1])
        assert (said.status, said.headers["Connection"]) == (408, "close")
    assert stand.held == 0


async def test_too_large_by_its_length(stand: Stand) -> None:
    """413 before the body is sent at all."""
    stand.put_in_force(source={"max_body": "1KiB"})
    assert await stand.status(signed(b"x" * 1025)) == 413
    async with Wire(stand.address) as wire:
        assert (
            await wire.ask(b"POST /in/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n")
        ).status == 413
    assert await stand.status(signed(b"x" * 1024)) == 200


async def test_too_large_by_its_chunks(stand: Stand) -> None:
    """413 as soon as more came than may, though the end is not in sight."""
    stand.put_in_force(source={"max_body": "1KiB"})
    head = b"POST /in/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with Wire(stand.address) as wire:
        await wire.send(head + b"200\r\n" + b"x" * 512 + b"\r\n")
        assert (await wire.ask(b"201\r\n" + b"x" * 513 + b"\r\n")).status == 413
    assert stand.held == 0


async def test_chunks(stand: Stand) -> None:
    """A body in chunks is the bytes in them."""
    head = b"POST /in/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    async with Wire(stand.address) as wire:
        await wire.send(head + signature(BODY).encode() + b"\r\n\r\n")
        assert (await wire.ask(chunked(BODY[:3], BODY[3:]))).status == 200
    (event,) = await stand.events()
    assert event.body == BODY


async def test_too_many_bodies(stand: Stand) -> None:
    """503 when all bodies together are more than may be held; room again when they are done."""
    stand.put_in_force(max_inflight="1500B", source={"max_body": "1KiB"})
    body = b"x" * 1000
    async with Wire(stand.address) as slow, Wire(stand.address) as other:
        await slow.send(signed(body)[:-1])
        await eventually(lambda: stand.held == 999)
        said = await other.ask(signed(body))
        assert (said.status, said.headers["Retry-After"]) == (503, "5")
        assert (await slow.ask(body[-1:])).status == 200
    assert stand.held == 0
    assert await stand.status(signed(body)) == 200
    assert stand.count("failed") == 1


async def test_sender_that_hangs_up(stand: Stand) -> None:
    """Half a body and an end: nothing is kept, in the store or in memory."""
    async with Wire(stand.address) as wire:
        await wire.send(signed(b"x" * 10_000)[:-1])
        await eventually(lambda: stand.held > 0)
    await eventually(lambda: stand.held == 0)
    assert await stand.events() == []


async def test_store_that_fails(stand: Stand) -> None:
    """503 and Retry-After, never 400, never 2xx; and as before when it is well."""
    await stand.break_store()
    said = await stand.ask(signed(BODY))
    assert (said.status, said.headers["Retry-After"], said.body) == (503, "5", b"")
    await stand.break_store(broken=False)
    await eventually(lambda: stand.store.pulse().failing is None)
    said = await stand.ask(signed(BODY))
    assert (said.status, "Relay-Duplicate" in said.headers) == (200, False)


async def test_no_commit_in_time(stand: Stand) -> None:
    """503 when ack_timeout is over; the event whose commit ended later is kept, its retry a duplicate."""
    stand.put_in_force(source={"ack_timeout": "30ms"})
    async with stand.stuck():
        said = await stand.ask(signed(BODY))
        assert (said.status, said.headers["Retry-After"]) == (503, "5")
    await stand.store.flush()
    (event,) = await stand.events()
    stand.put_in_force()
    again = await stand.ask(signed(BODY))
    assert (again.status, again.headers["Relay-Duplicate"]) == (200, "true")
    assert again.headers["Relay-Event-Id"] == event.id


async def test_not_begun_in_time(stand: Stand) -> None:
    """What waited behind a commit that hangs, and was refused, is not stored behind the sender's back."""
    stand.put_in_force(source={"ack_timeout": "30ms"})
    async with stand.stuck():
        assert await stand.status(signed(b'{"id":"first"}')) == 503
        assert await stand.status(signed(b'{"id":"second"}')) == 503
    await stand.store.flush()
    assert [event.key for event in await stand.events()] == ["first"]


async def test_error_of_our_own(stand: Stand) -> None:
    """503, never 500: it is no fault of the sender's, who will come again."""

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("no such luck")

    stand.receiver._door = Broken()  # type: ignore[assignment]  # a part of ours that fails
    said = await stand.ask(signed(BODY))
    assert (said.status, said.headers["Retry-After"]) == (503, "5")


async def test_health_is_bare(stand: Stand) -> None:
    """/livez and /readyz answer by their status alone, to any method."""
    for path, ready, status in [("/livez", False, 200), ("/readyz", True, 200), ("/readyz", False, 503)]:
        stand.ready = ready
        said = await stand.ask(request(path, method="GET"))
        assert (said.status, said.body) == (status, b"")
        assert await stand.status(request(path + "?verbose", method="HEAD")) == status


async def test_compressed(stand: Stand) -> None:
    """A compressed body is verified, kept and measured as it came."""
    body = zlib.compress(b"{}" * 1000, wbits=31)
    stand.put_in_force(source={"max_body": "1KiB"})
    assert await stand.status(signed(body, "Content-Encoding: gzip")) == 200
    (event,) = await stand.events()
    assert event.body == body
    assert (b"Content-Encoding", b"gzip") in (event.headers or ())
