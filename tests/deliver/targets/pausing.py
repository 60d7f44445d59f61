"""A process that is there, and does nothing."""

import os
import signal
from pathlib import Path


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
