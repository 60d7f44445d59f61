"""Programs to run on any event loop there is, and what is left of them."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from multidict import CIMultiDict

from relay.deliver.targets.program import ExecTarget
from relay.deliver.targets.protocol import Message, Reply
from relay.process import loop_factory
from tests.clock import START
from tests.deliver.owed import delivery
from tests.eventually import PATIENCE

Loop = Callable[[], asyncio.AbstractEventLoop] | None
LOOPS: Final[list[Loop]] = [None] if loop_factory() is None else [None, loop_factory()]
"""asyncio's own, and uvloop's where it is installed."""

T = TypeVar("T")


def run(loop: Loop, scenario: Coroutine[Any, Any, T]) -> T:
    """What comes of a scenario on a loop of that kind."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(scenario)


def message(body: bytes = b"{}", headers: dict[str, str] | None = None) -> Message:
    """An attempt at a delivery, with headers."""
    named = {"Idempotency-Key": "k-1", **(headers or {})}
    return Message((delivery(),), body, CIMultiDict(named))


def shell(script: str, *args: str) -> tuple[str, ...]:
    """A command that runs `script`, whose `$1`, `$2` are `args`."""
    return ("/bin/sh", "-c", script, "sh", *args)


async def said(command: tuple[str, ...], of: Message | None = None, within: float = PATIENCE) -> Reply:
    """What comes of one attempt."""
    return await ExecTarget(command, within, grace=0.05).send(of or message(), START)


def living(mark: str) -> list[int]:
    """The processes with `mark` among their variables, those that have ended left out."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                variables = (process / "environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in variables:
                found.append(int(process.name))
    return found


def zombies() -> bool:
    """Whether a child of ours has ended and nobody has reaped it."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def open_files() -> list[int]:
    """What this process has open."""
    return sorted(int(file.name) for file in Path("/proc/self/fd").iterdir())
