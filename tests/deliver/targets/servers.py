"""Real servers for targets: started on a free port, in a folder of their own, ended by their own pid."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

NOBODY: Mapping[str, Any] = {}
JETSTREAM = 'jetstream {{ store_dir: "{folder}" }}\n'


def program(name: str) -> str:
    """Where a program is that a package of the tests brings, or the system; else the test is skipped."""
    own = Path(sys.executable).parent
    found = shutil.which(name, path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    return found or pytest.skip(f"{name} is not installed")


class NatsServer:
    """`nats-server` with JetStream, used with `with`. Killed, it may be started again on the same port."""

    def __init__(self, folder: Path, config: str = "", jetstream: bool = True) -> None:
        self._folder = folder
        self._config = folder / "nats.conf"
        self._config.write_text((JETSTREAM.format(folder=folder / "js") if jetstream else "") + config)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = -1
        self.monitor = -1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it is ready."""
        command = [program("nats-server"), "-c", str(self._config), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "-m", str(self.monitor)], stderr=subprocess.PIPE, text=True, cwd=self._folder
        )
        assert self._process.stderr is not None
        told = []
        for line in self._process.stderr:
            told.append(line)
            if found := re.search(r"client connections on 127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
            if found := re.search(r"http monitor on 127\.0\.0\.1:(\d+)", line):
                self.monitor = int(found[1])
            if "Server is ready" in line:
                break
        else:
            raise AssertionError("".join(told))
        self._reader = threading.Thread(target=_discard, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """As a crash does it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._reader is not None:
                self._reader.join()
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None

    def pause(self) -> None:
        """It is there, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)  # all of its threads

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def stream(
        self, name: str, *subjects: str, login: Mapping[str, Any] = NOBODY, **config: Any
    ) -> "AsyncIterator[Stream]":
        """A stream of these subjects, made anew, and what is in it."""
        client = await nats.connect(self.url, allow_reconnect=False, error_cb=_quiet, **login)
        try:
            jetstream = client.jetstream()
            await jetstream.add_stream(name=name, subjects=list(subjects), **config)
            yield Stream(name, client, jetstream)
        finally:
            await client.close()


async def _quiet(_error: Exception) -> None:
    """That its server is killed is nothing that a test has to be told."""


class Stream:
    """What has arrived."""

    def __init__(self, name: str, client: Client, jetstream: JetStreamContext) -> None:
        self.name = name
        self.client = client
        self.jetstream = jetstream

    async def count(self) -> int:
        return (await self.jetstream.stream_info(self.name)).state.messages

    async def first(self) -> Msg:
        """The message that came first."""
        reader = await self.jetstream.pull_subscribe("", stream=self.name)
        (message,) = await reader.fetch(1)
        return message


def _discard(pipe: IO[str]) -> None:
    for _ in pipe:
        pass
