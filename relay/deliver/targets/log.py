"""`log:` prints one line of JSON an event to stdout. A thread of its own writes, so that a pipe that nobody
reads holds up this target and nothing else.
"""

import asyncio
import base64
import os
import queue
import threading
from collections.abc import Sequence
from typing import Final

import orjson

from relay.clock import rfc3339
from relay.deliver.targets.protocol import Reply, Verdict
from relay.delivery import Delivery

BODY_BYTES: Final = 64 << 10
STDOUT: Final = 1

Line = tuple[bytes, "asyncio.Future[str | None]"]


class Printer:
    """Writes lines to a file descriptor, in order, on a thread that does not keep the process alive."""

    def __init__(self, fd: int = STDOUT) -> None:
        self._fd = fd
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def print(self, line: bytes) -> str | None:
        """Return when `line` is written: None, or what went wrong."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="relay-log-target", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.create_future()
        self._lines.put((line, done))
        return await done

    def close(self) -> None:
        self._lines.put(None)

    def _run(self) -> None:
        while (item := self._lines.get()) is not None:
            line, done = item
            if done.cancelled():
                continue
            error = self._write(line)
            try:
                done.get_loop().call_soon_threadsafe(_resolve, done, error)
            except RuntimeError:  # the loop has ended
                return

    def _write(self, line: bytes) -> str | None:
        view = memoryview(line)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            return error.strerror or "cannot be written"
        return None


def _resolve(done: "asyncio.Future[str | None]", error: str | None) -> None:
    if not done.done():
        done.set_result(error)


class LogTarget:
    """`url = "log:"`."""

    def __init__(self, printer: Printer, timeout: float) -> None:
        self._printer = printer
        self._timeout = timeout

    async def send(self, deliveries: Sequence[Delivery], now: int) -> Reply:  # noqa: ARG002  the protocol's
        (delivery,) = deliveries
        try:
            async with asyncio.timeout(self._timeout):
                error = await self._printer.print(_line(delivery))
        except TimeoutError:
            return Reply(Verdict.UNREACHABLE, error=f"stdout took nothing within {self._timeout:g} s")
        if error is not None:
            return Reply(Verdict.UNREACHABLE, error=f"stdout: {error}")
        return Reply(Verdict.TAKEN)

    async def close(self) -> None:
        """The printer is everybody's."""


def _line(delivery: Delivery) -> bytes:
    """The words of the API's `GET events/ID`."""
    event = delivery.event
    shown = {
        "id": event.id,
        "key": event.key,
        "source": event.source,
        "type": event.type,
        "via": event.via,
        "received_at": rfc3339(event.received),
        "occurred_at": None if event.occurred is None else rfc3339(event.occurred),
        "size": len(event.body),
        "route": delivery.route,
        "target": delivery.target,
        "attempt": delivery.attempts + 1,
        **_body(event.body),
    }
    return orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)


def _body(body: bytes) -> dict[str, str]:
    """As text if it is UTF-8, else base64; cut at its bound, where `size` tells how much there was."""
    try:
        return {"body": body[:BODY_BYTES].decode()}
    except UnicodeDecodeError as error:
        if len(body) > BODY_BYTES and error.start > BODY_BYTES - 4:  # the cut fell into a character
            return {"body": body[: error.start].decode()}
        return {"body_base64": base64.b64encode(body[:BODY_BYTES]).decode()}
