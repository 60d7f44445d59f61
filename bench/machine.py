"""What it ran on: a figure without its machine says nothing."""

import os
import platform
import sqlite3
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

SYNCS: Final = 100


def machine(folder: Path) -> dict[str, Any]:
    """Hardware and versions, and the disk that `folder` is on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu_model(),
        "load": round(os.getloadavg()[0], 2),
        "filesystem": filesystem(folder),
        "fsync_ms": round(fsync_milliseconds(folder), 3),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "uvloop": installed("uvloop"),
        "aiohttp": installed("aiohttp"),
        "relay": installed("event-relay"),
    }


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def filesystem(folder: Path) -> str:
    """The type of the file system that holds `folder`."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines())
    holding = [(where, kind) for _, where, kind, *_ in mounts if folder.resolve().is_relative_to(where)]
    return max(holding, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]


def fsync_milliseconds(folder: Path) -> float:
    """Of one 4 KiB write that has to be on disk."""
    with tempfile.TemporaryFile(dir=folder) as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / SYNCS * 1_000


def real_disk() -> Path:
    """Where temporary files are on a disk: in memory an fsync costs nothing, and so would durability."""
    folders = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path.cwd()]
    return next(
        (folder for folder in folders if folder.is_dir() and filesystem(folder) != "tmpfs"), folders[0]
    )
