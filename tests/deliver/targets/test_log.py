"""`log:` prints a line of JSON an event, and a pipe that nobody reads holds up nobody else."""

import asyncio
import base64
import fcntl
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from relay.deliver.targets.log import BODY_BYTES, LogTarget
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.protocol import Reply, Verdict
from relay.event import Event
from tests.deliver.owed import event
from tests.deliver.targets.asking import message

PIPE_BYTES = 4096
LATE = 0.05
"""Seconds: the timeout of a target that is known to hang."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that holds little."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield reads, writes
    os.close(reads)
    os.close(writes)


async def line(of: Event, attempts: int = 0) -> dict[str, Any]:
    """What is printed of an event."""
    reads, writes = os.pipe()
    printer = Printer(writes)
    send = asyncio.create_task(LogTarget(printer, 20).send(message(of=of, attempts=attempts), 0))
    with os.fdopen(reads, "rb") as file:
        text = await asyncio.to_thread(file.readline)
        assert await send == Reply(Verdict.TAKEN)
        printer.close()
        os.close(writes)
        assert file.read() == b""
    assert text.endswith(b"\n")
    said: dict[str, Any] = json.loads(text)
    return said


async def test_line() -> None:
    """One line, in the words of the API."""
    assert await line(event(), attempts=2) == {
        "id": event().id,
        "key": "key-1",
        "source": "shop",
        "type": "order.paid",
        "via": "webhook",
        "received_at": "2026-09-21T14:13:20.000000Z",
        "occurred_at": None,
        "size": 7,
        "route": "all",
        "target": "box",
        "attempt": 3,
        "body": '{"n":1}',
    }


async def test_body_of_several_lines() -> None:
    """Whatever the body holds, an event is one line."""
    assert (await line(event(body="a\nb\r\n\u2028\0".encode())))["body"] == "a\nb\r\n\u2028\0"


async def test_body_that_is_no_text() -> None:
    """As base64."""
    said = await line(event(body=b"\xff\x00"))
    assert base64.b64decode(said["body_base64"]) == b"\xff\x00"
    assert "body" not in said


async def test_large_body_is_cut() -> None:
    """At 64 KiB; its size is told whole."""
    said = await line(event(body=b"x" * (BODY_BYTES + 1)))
    assert (len(said["body"]), said["size"]) == (65_536, 65_537)


@pytest.mark.parametrize("before", range(4))
async def test_cut_inside_a_character(before: int) -> None:
    """A cut never makes text of what is none, nor takes text for none."""
    body = b"x" * (BODY_BYTES - before) + "😀".encode() * 2
    said = await line(event(body=body))
    assert said["body"] == "x" * (BODY_BYTES - before)


async def test_large_body_that_is_no_text() -> None:
    """Cut as well."""
    said = await line(event(body=b"\xff" * 100_000))
    assert base64.b64decode(said["body_base64"]) == b"\xff" * BODY_BYTES


async def test_blocked_pipe(pipe: tuple[int, int]) -> None:
    """Nobody reads: the target cannot be reached, while the loop turns on; and later nothing is torn."""
    reads, writes = pipe
    printer = Printer(writes)
    target = LogTarget(printer, LATE)
    large = event(body=b"x" * PIPE_BYTES)
    assert await target.send(message(of=large), 0) == Reply(
        Verdict.UNREACHABLE, error=f"stdout took nothing within {LATE:g} s"
    )
    assert (await target.send(message(2), 0)).verdict is Verdict.UNREACHABLE
    with os.fdopen(os.dup(reads), "rb") as file:
        first = asyncio.to_thread(file.readline)
        assert json.loads(await first)["id"] == large.id
        patient = LogTarget(printer, 20)
        assert await patient.send(message(3), 0) == Reply(Verdict.TAKEN)
        assert json.loads(file.readline())["id"] == event(3).id
    printer.close()


async def test_closed_pipe() -> None:
    """The reader is gone: unreachable, with the system's word for it."""
    reads, writes = os.pipe()
    os.close(reads)
    printer = Printer(writes)
    assert await LogTarget(printer, 20).send(message(), 0) == Reply(
        Verdict.UNREACHABLE, error="stdout: Broken pipe"
    )
    printer.close()
    os.close(writes)
