"""Processes that tests start: they end with the tests, however those end, and may be paused."""

import os
import shutil
import signal
from pathlib import Path
from typing import Final

# Linux kills the child when its parent is gone, also after it has become another program
WITH_US: Final = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
"""What stands before a command."""


def pause(process: int) -> None:
    """Return when each of its threads stands: the signal alone may find one that still answers."""
    os.kill(process, signal.SIGSTOP)
    while not all(_stands(thread) for thread in Path(f"/proc/{process}/task").iterdir()):
        pass


def _stands(thread: Path) -> bool:
    """Whether it is stopped, as proc(5) has it: the state is what follows the command in brackets."""
    return (thread / "stat").read_text().rpartition(") ")[2].startswith("T")


def go_on(process: int) -> None:
    os.kill(process, signal.SIGCONT)
