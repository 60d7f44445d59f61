"""`file:` appends one line of JSON an event to a file. A thread of its own writes, so that a disk that hangs
holds up this target and nothing else; what comes while it writes goes out together, with one sync.

At least once: a line whose write came too late, or after which the daemon was killed, is written again.
"""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from relay.config.target import RotateConfig, TargetConfig
from relay.deliver.embed import embed
from relay.deliver.targets.lines import LinesFile
from relay.deliver.targets.means import Maker
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict

CLOSING: Final = 1.0
"""Seconds for which a close waits for the disk."""
TAKEN: Final = Reply(Verdict.TAKEN)

Waiting = dict["asyncio.Future[str | None]", tuple[bytes, int]]
"""Lines and their time, by what tells that they were written (None), or why not; in their order."""


def prepare(_name: str, table: TargetConfig) -> Maker:
    """Whether it can be written is seen when it is."""
    path = table.address.partition(":")[2]
    return lambda _means: FileTarget(path, table.timeout, table.rotate)


class FileTarget:
    """`url = "file:/path"`. `timeout` in seconds."""

    takes_senders_headers = False
    places: Mapping[str, Place] = {}

    def __init__(self, path: str, timeout: float, rotate: RotateConfig | None = None) -> None:
        self._path = path
        self._timeout = timeout
        self._rotate = rotate
        self._waiting: Waiting = {}
        self._writing = False
        self._groups: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def send(self, message: Message, now: int) -> Reply:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[str | None] = loop.create_future()
        self._waiting[written] = (embed(message.body) + b"\n", now)
        self._write(loop)
        try:
            async with asyncio.timeout(self._timeout):
                error = await written
        except TimeoutError:
            error = f"took nothing within {self._timeout:g} s"
        finally:
            self._waiting.pop(written, None)
        return TAKEN if error is None else Reply(Verdict.UNREACHABLE, error=f"the file: {error}")

    async def close(self) -> None:
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._groups.put(None)
            await asyncio.to_thread(thread.join, CLOSING)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the thread all that waits, unless it has something to do."""
        if self._writing or not self._waiting:
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(loop,), name="relay-file-target", daemon=True
            )
            self._thread.start()
        group, self._waiting = self._waiting, {}
        self._writing = True
        self._groups.put(group)

    def _written(self, loop: asyncio.AbstractEventLoop, results: "Results") -> None:
        self._writing = False
        for written, error in results:
            if not written.done():
                written.set_result(error)
        self._write(loop)

    # the thread

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        file = LinesFile(self._path, self._rotate)
        while (group := self._groups.get()) is not None:
            results = _append(file, group)
            try:
                loop.call_soon_threadsafe(self._written, loop, results)
            except RuntimeError:  # the loop has ended
                break
        with suppress(OSError):
            file.close()


Results = list[tuple["asyncio.Future[str | None]", str | None]]


def _append(file: LinesFile, group: Waiting) -> Results:
    """What became of each line. After one that failed none is tried: the disk is the same."""
    lines = [line for line, _ in group.values()]
    now = max(now for _, now in group.values())
    done, failure = 0, None
    while done < len(lines) and failure is None:
        try:
            done += file.append(lines[done:], now)
        except OSError as error:
            failure = error.strerror or type(error).__name__  # without the path
        except MemoryError:
            failure = "no memory left"
    return [(written, None if n < done else failure) for n, written in enumerate(group)]
