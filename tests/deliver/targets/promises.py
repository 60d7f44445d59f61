"""What every kind of target promises to the worker: a kind's tests derive a class and give it a `kind`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from relay.deliver.targets.protocol import Reply, Target, Verdict
from relay.event import Event, Headers
from tests.clock import START
from tests.deliver.owed import TYPED, event
from tests.deliver.targets.asking import message

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


class Promises:
    """`kind` is a fixture of the class that is derived."""

    async def test_takes(self, kind: Kind) -> None:
        """A target that is well takes a message, and one more."""
        for n in (1, 2):
            assert (await kind.well.send(message(n, to=kind.well), START)).verdict is Verdict.TAKEN

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
    async def test_takes_the_strange(self, kind: Kind, strange: Event) -> None:
        """Whatever a sender may have sent, it goes out."""
        sent = message(of=strange, to=kind.well)
        assert (await kind.well.send(sent, START)).verdict is Verdict.TAKEN

    async def test_many_at_once(self, kind: Kind) -> None:
        """As many as the target's concurrency may be."""
        sends = [kind.well.send(message(n, to=kind.well), START) for n in range(1, 101)]
        assert {reply.verdict for reply in await asyncio.gather(*sends)} == {Verdict.TAKEN}

    async def test_not_there(self, kind: Kind) -> None:
        """A target that is not there is a reply with a reason, no exception."""
        reply = await kind.gone.send(message(to=kind.gone), START)
        assert isinstance(reply, Reply)
        assert (reply.verdict, bool(reply.error)) == (Verdict.UNREACHABLE, True)

    async def test_cut_off(self, kind: Kind) -> None:
        """An attempt that is cancelled ends at once, and others go on."""
        task = asyncio.create_task(kind.hanging.send(message(to=kind.hanging), START))
        assert (await kind.well.send(message(2, to=kind.well), START)).verdict is Verdict.TAKEN
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_cut_off_in_the_middle(self, kind: Kind) -> None:
        """Also when the target was asked already."""
        task = asyncio.create_task(kind.hanging.send(message(to=kind.hanging), START))
        await asyncio.wait_for(kind.begun(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_closes(self, kind: Kind) -> None:
        """Closing one, twice too, does nothing to the others, which share its means."""
        await kind.gone.close()
        await kind.gone.close()
        assert (await kind.well.send(message(to=kind.well), START)).verdict is Verdict.TAKEN
