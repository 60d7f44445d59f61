"""The order of things, as the kernel sees it: on the disk first, then told."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.eventually import PATIENCE
from tests.store.sqlite.dying import EVENTS

ROOT = Path(__file__).parents[3]
SYNCED = re.compile(r"^(\d+) .*\bf(?:data)?sync\(\d+<[^>]*-wal>\)\s*= 0")
BEGUN = re.compile(r"^(\d+) .*\bf(?:data)?sync\(\d+<[^>]*-wal> <unfinished")
RESUMED = re.compile(r"^(\d+) .*<\.\.\. f(?:data)?sync resumed>\)\s*= 0")
TOLD = re.compile(r'write\(1.*"answered (\d+)')


def told_too_early(trace: str) -> list[int]:
    """Of which events it was told before the log had been brought to the disk for them."""
    early: list[int] = []
    synced, begun = False, set[str]()
    for line in trace.splitlines():
        if found := BEGUN.search(line):
            begun.add(found[1])
        elif SYNCED.search(line) or ((found := RESUMED.search(line)) and found[1] in begun):
            synced = True
        elif found := TOLD.search(line):
            if not synced:
                early.append(int(found[1]))
            synced = False
    return early


async def traced(folder: Path, way: str) -> str:
    """The system calls of a process that stores and tells, from the moment its store is open."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = folder / "trace"
    child = await asyncio.create_subprocess_exec(
        *(strace, "-f", "-y", "-o", str(log), "-e", "trace=fsync,fdatasync,write"),
        *(sys.executable, "-m", "tests.store.sqlite.dying", str(folder / "relay.db"), way, "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(child.communicate(), PATIENCE)
    if b"ptrace" in error:
        pytest.skip(f"strace may not trace here: {error.decode()}")
    assert out.decode().split() == ["ready", *[word for n in range(EVENTS) for word in ("answered", str(n))]]
    return log.read_text().partition('"ready')[2]


async def test_nobody_is_told_before_it_is_on_the_disk(tmp_path: Path) -> None:
    """For each event the log's fdatasync has ended before the word leaves: contract 1.1."""
    trace = await traced(tmp_path, "honest")
    assert len(TOLD.findall(trace)) == EVENTS
    assert told_too_early(trace) == []


async def test_who_tells_too_early_is_seen(tmp_path: Path) -> None:
    """The test above would go red: a process that tells first is caught at it, with its first event."""
    assert 0 in told_too_early(await traced(tmp_path, "hasty"))


def test_a_commit_that_is_not_synced_is_seen() -> None:
    """As with synchronous=NORMAL, or where another file was synced."""
    other = '7 fdatasync(9</tmp/relay.db>) = 0\n7 write(1<pipe:[1]>, "answered 0\\n", 11) = 11'
    failed = '7 fdatasync(9</tmp/relay.db-wal>) = -1 EIO\n7 write(1, "answered 1\\n", 11) = 11'
    late = (
        '8 fdatasync(9</tmp/relay.db-wal> <unfinished ...>\n7 write(1, "answered 2\\n", 11) = 11\n'
        "8 <... fdatasync resumed>) = 0"
    )
    fine = '\n8 fdatasync(9</tmp/relay.db-wal>) = 0\n7 write(1, "answered 3\\n", 11) = 11'
    assert told_too_early(f"{other}\n{failed}\n{late}{fine}") == [0, 1, 2]
