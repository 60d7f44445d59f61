"""What every kind of target promises to the worker."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from relay.config.schema import TargetConfig
from relay.deliver.headers import Envelope
from relay.deliver.targets.log import Printer
from relay.deliver.targets.open import Means, open_target
from relay.deliver.targets.protocol import Reply, Target, Verdict
from relay.event import Event, Headers
from tests.clock import START
from tests.deliver.owed import TYPED, delivery, event
from tests.target import HANG, ScriptedTarget

HOSTILE: Headers = (
    (b"X-Odd", b"a\tb\x80\xff\xc3\xbc"),
    (b"!#$%&'*+-.^_`|~", b""),
    (b"Content-Length", b"7"),
    (b"Transfer-Encoding", b"chunked"),
    (b"Connection", b"content-type, ,\xff"),
    (b"traceparent", b"\xff"),
)


@dataclass
class Kind:
    """A target of one kind; one that hangs; one that is not there."""

    well: Target
    hanging: Target
    gone: Target
    begun: Callable[[], Awaitable[object]]
    """Returns when the hanging one was asked."""


@pytest.fixture(params=["http", "log"])
async def kind(request: pytest.FixtureRequest, session: ClientSession) -> AsyncIterator[Kind]:
    """Every kind there is: a new one is added here, and keeps what is promised below."""
    opened = http_kind(session) if request.param == "http" else log_kind(session)
    async for each in opened:
        yield each


async def http_kind(session: ClientSession) -> AsyncIterator[Kind]:
    means = Means(session, Envelope({}), Printer())
    async with ScriptedTarget() as well, ScriptedTarget(rest=HANG) as hanging:
        async with ScriptedTarget() as closed:
            gone = closed.url
        urls = (well.url, hanging.url, gone)
        targets = [open_target(TargetConfig.model_validate({"url": url}), means) for url in urls]
        yield Kind(targets[0], targets[1], targets[2], hanging.next)


async def log_kind(session: ClientSession) -> AsyncIterator[Kind]:
    table = TargetConfig.model_validate({"url": "log:"})
    reads, writes = os.pipe()
    nobody, closed = os.pipe()
    os.close(nobody)
    os.set_blocking(writes, False)
    with tempfile.TemporaryFile() as file:
        _fill(writes)
        os.set_blocking(writes, True)
        printers = [Printer(file.fileno()), Printer(writes), Printer(closed)]
        targets = [open_target(table, Means(session, Envelope({}), printer)) for printer in printers]
        yield Kind(targets[0], targets[1], targets[2], asyncio.Event().wait)
        os.close(reads)
        for printer in printers:
            printer.close()


def _fill(pipe: int) -> None:
    """Until it takes no more."""
    try:
        while True:
            os.write(pipe, b"\0" * 65536)
    except BlockingIOError:
        return


async def test_takes(kind: Kind) -> None:
    """A target that is well takes a delivery, and one more."""
    for n in (1, 2):
        assert (await kind.well.send((delivery(n),), START)).verdict is Verdict.TAKEN


@pytest.mark.parametrize(
    "strange",
    [
        event(body=b"", headers=()),
        event(body=bytes(range(256))),
        event(headers=HOSTILE),
        event(type="a\r\nb: c\0\u2028\x85"),
        event(type="", source="x"),
        event(headers=TYPED * 1000),
    ],
    ids=["empty", "binary", "odd headers", "odd type", "no type", "many headers"],
)
async def test_takes_the_strange(kind: Kind, strange: Event) -> None:
    """Whatever a sender may have sent, it goes out."""
    assert (await kind.well.send((delivery(of=strange),), START)).verdict is Verdict.TAKEN


async def test_not_there(kind: Kind) -> None:
    """A target that is not there is a reply with a reason, no exception."""
    reply = await kind.gone.send((delivery(),), START)
    assert isinstance(reply, Reply)
    assert (reply.verdict, bool(reply.error)) == (Verdict.UNREACHABLE, True)


async def test_cut_off(kind: Kind) -> None:
    """An attempt that is cancelled ends at once, and others go on."""
    task = asyncio.create_task(kind.hanging.send((delivery(),), START))
    assert (await kind.well.send((delivery(2),), START)).verdict is Verdict.TAKEN
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closes(kind: Kind) -> None:
    """Closing one, twice too, does nothing to the others, which share its means."""
    await kind.gone.close()
    await kind.gone.close()
    assert (await kind.well.send((delivery(),), START)).verdict is Verdict.TAKEN
