"""HTTP targets and `log:` keep what every target promises; others do beside their own tests."""

import os
import tempfile
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from relay.deliver.targets.open import Means, prepare_target
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.protocol import Target
from tests.clock import ManualClock
from tests.deliver.targets.asking import table
from tests.deliver.targets.promises import Kind, Promises
from tests.target import HANG, ScriptedTarget


def prepared(url: str, session: ClientSession, printer: Printer | None = None) -> Target:
    """A target as the worker gets it."""
    maker = prepare_target("box", table(url))
    assert not isinstance(maker, list)
    return maker(Means(session, ManualClock(), printer or Printer()))


class TestHttp(Promises):
    """`http://…`."""

    @pytest.fixture
    async def kind(self, session: ClientSession) -> AsyncIterator[Kind]:
        async with ScriptedTarget() as well, ScriptedTarget(rest=HANG) as hanging:
            async with ScriptedTarget() as closed:
                gone = closed.url
            targets = [prepared(url, session) for url in (well.url, hanging.url, gone)]
            yield Kind(targets[0], targets[1], targets[2], hanging.next)


class TestLog(Promises):
    """`log:`."""

    @pytest.fixture
    async def kind(self, session: ClientSession) -> AsyncIterator[Kind]:
        reads, writes = os.pipe()
        nobody, closed = os.pipe()
        os.close(nobody)
        os.set_blocking(writes, False)
        with tempfile.TemporaryFile() as file:
            fill(writes)
            os.set_blocking(writes, True)
            printers = [Printer(file.fileno()), Printer(writes), Printer(closed)]
            targets = [prepared("log:", session, printer) for printer in printers]
            yield Kind(targets[0], targets[1], targets[2], nothing)
            os.close(reads)
            for printer in printers:
                printer.close()


async def nothing() -> None:
    """There is nothing to let go."""


def fill(pipe: int) -> None:
    """Until it takes no more."""
    try:
        while True:
            os.write(pipe, b"\0" * 65536)
    except BlockingIOError:
        return
