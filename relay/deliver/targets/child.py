"""A program that runs: fed on stdin, listened to on stderr, ended with its process group, reaped.

Neither asyncio's subprocess nor uvloop's: there a grandchild that keeps stderr open can hold up the end, and
uvloop forks with all of the daemon's memory (5 ms beside 300 MB, `Popen` 0.1 ms). A pidfd tells every loop
when it has ended, and until it is reaped nobody else gets its number.
"""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

GRACE: Final = 1.0
"""Seconds between SIGTERM and SIGKILL, and for which a killed one is waited for."""
CHUNK: Final = 65_536
"""What a pipe holds: bytes given or taken at once."""
KEPT: Final = 4096
"""Bytes of stderr's end that are kept."""
SHOWN: Final = 400
"""Characters of it that are told."""
PAUSE: Final = 0.002
"""Seconds in which nobody listens to one that has filled its pipe: it waits, not the daemon."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")


class Child:
    """One run, in a session and process group of its own; stdout goes nowhere."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[bytes, bytes], body: bytes, grace: float = GRACE
    ) -> None:
        """Start it. OSError: that cannot be done."""
        self._loop = asyncio.get_running_loop()
        self._rest = memoryview(body)
        self._heard = b""
        self._grace = grace
        self._cut_off = False
        self._over = asyncio.Event()
        self._process = subprocess.Popen(  # noqa: S603  the file names it, and no shell reads the words
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environ,
            start_new_session=True,
        )
        self._pipes: list[IO[bytes]] = [pipe for pipe in (self._process.stdin, self._process.stderr) if pipe]
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self._signal(signal.SIGKILL)
            self._close_pipes()
            self._process.wait()
            raise
        self._attend()

    async def end(self) -> int:
        """Return when it has ended: its exit status, or a signal's number below 0."""
        await self._over.wait()
        return self._process.wait()

    async def kill(self) -> None:
        """End it and all of its process group, if it still runs: SIGTERM, then SIGKILL.

        One that not even SIGKILL ends (it hangs in the kernel) is left alone, and reaped when it has ended.
        """
        if self._over.is_set():
            return
        self._cut_off = True
        try:
            self._signal(signal.SIGTERM)
            await self._ends_soon()
        finally:
            self._signal(signal.SIGKILL)
        await self._ends_soon()
        self._close_pipes()

    def last_words(self) -> str:
        """The end of what it wrote to stderr, on one line, without control characters."""
        text = " ".join(_COLOURS.sub("", self._heard.decode("utf-8", "replace")).split())
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
        return text if len(text) <= SHOWN else f"…{text[1 - SHOWN :]}"

    async def _ends_soon(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                await self._over.wait()

    def _signal(self, number: signal.Signals) -> None:
        """To the whole group. One that has become another user's is out of reach."""
        if not self._over.is_set():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    # what the loop calls

    def _attend(self) -> None:
        for pipe in self._pipes:
            os.set_blocking(pipe.fileno(), False)
        stdin, stderr = self._pipes
        self._loop.add_writer(stdin.fileno(), self._feed, stdin)
        self._loop.add_reader(stderr.fileno(), self._listen, stderr)
        self._loop.add_reader(self._pidfd, self._ended)

    def _feed(self, pipe: IO[bytes]) -> None:
        """Give it more of the body. It need not take it: then it has closed its end."""
        try:
            self._rest = self._rest[os.write(pipe.fileno(), self._rest[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._rest = self._rest[:0]
        if not self._rest:
            self._loop.remove_writer(pipe.fileno())
            pipe.close()

    def _listen(self, pipe: IO[bytes]) -> None:
        heard = self._hear(pipe)
        if heard == 0:
            self._loop.remove_reader(pipe.fileno())
            pipe.close()
        elif heard == CHUNK:
            self._loop.remove_reader(pipe.fileno())
            self._loop.call_later(PAUSE, self._listen_again, pipe)

    def _listen_again(self, pipe: IO[bytes]) -> None:
        if not pipe.closed:
            self._loop.add_reader(pipe.fileno(), self._listen, pipe)

    def _hear(self, pipe: IO[bytes]) -> int | None:
        """How many bytes there were, 0 at the end; None: none yet."""
        try:
            said = os.read(pipe.fileno(), CHUNK)
        except BlockingIOError:
            return None
        self._heard = (self._heard + said[-KEPT:])[-KEPT:]
        return len(said)

    def _ended(self) -> None:
        """Hear what is left, which a pipe holds at most, and reap it; those it left behind may go on."""
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        if self._cut_off:
            self._signal(signal.SIGKILL)  # to those it left behind
        if not self._pipes[1].closed:
            self._hear(self._pipes[1])
        self._close_pipes()
        self._process.wait()
        self._over.set()

    def _close_pipes(self) -> None:
        for pipe in self._pipes:
            if not pipe.closed:
                self._loop.remove_writer(pipe.fileno())
                self._loop.remove_reader(pipe.fileno())
                pipe.close()
        self._rest = self._rest[:0]
