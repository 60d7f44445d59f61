"""Lines to stdout, written on a thread: a pipe that nobody reads holds up those lines, and nothing else."""

import asyncio
import os
import queue
import threading
from typing import Final

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
