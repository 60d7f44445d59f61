"""Files of lines, and what can happen to them."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relay.config.target import RotateConfig
from relay.deliver.targets.lines import LinesFile
from tests.clock import START


@contextmanager
def opened(path: Path, **rotate: float) -> Iterator[LinesFile]:
    """As a daemon has it until it ends."""
    made = LinesFile(str(path), RotateConfig(**rotate) if rotate else None)  # type: ignore[arg-type]  # its own
    yield made
    made.close()


def write(file: LinesFile, *lines: bytes, now: int = START) -> None:
    """All of them, in as many writes as it takes."""
    rest = list(lines)
    while rest:
        done = file.append(rest, now)
        assert done > 0
        del rest[:done]


def contents(path: Path) -> list[bytes]:
    """What the file and its old ones hold, the newest first."""
    old = sorted(path.parent.glob(f"{path.name}.*"), key=lambda one: int(one.name.rpartition(".")[2]))
    return [one.read_bytes() for one in (path, *old) if one.exists()]


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may be larger than that: a write is cut off in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def failing(number: int) -> object:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail
