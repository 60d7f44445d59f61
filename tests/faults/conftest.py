"""What the faults are done to: a daemon in a process of its own, and a target."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.daemon import Daemon
from tests.faults.sink import Sink

MakeDaemon = Callable[[dict[str, str]], Daemon]
"""With lines for the tables of its file."""


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.rise()
    yield sink
    await sink.close()


@pytest.fixture
def make_daemon(tmp_path: Path, sink: Sink) -> Iterator[MakeDaemon]:
    """A daemon that delivers to `sink`, not started yet; killed at the end if it runs."""
    made: list[Daemon] = []

    def make(sections: dict[str, str]) -> Daemon:
        made.append(Daemon(tmp_path, sink.port, sections))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()
        sys.stdout.write(daemon.last_words())


@pytest.fixture
def daemon(make_daemon: MakeDaemon) -> Daemon:
    return make_daemon({})
