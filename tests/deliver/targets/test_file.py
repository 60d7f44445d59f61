"""`file:` appends a line of JSON an event, and a disk that hangs or is full holds up nobody else."""

import asyncio
import fcntl
import json
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from multidict import CIMultiDict

from relay.config.target import TargetConfig
from relay.deliver.targets.file import TAKEN, FileTarget, prepare
from relay.deliver.targets.protocol import Message, Reply, Verdict
from tests.clock import START
from tests.deliver.owed import delivery
from tests.deliver.targets.files import room
from tests.deliver.targets.promises import Kind, Promises
from tests.eventually import PATIENCE, eventually

LATE = 0.05
"""Seconds: the timeout of a target that is known to hang."""
SMALL = 64 << 10
"""Bytes of a disk."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
async def target(path: Path) -> AsyncIterator[FileTarget]:
    """One that waits for as long as the test does."""
    opened = FileTarget(str(path), PATIENCE)
    yield opened
    await opened.close()


def message(body: bytes) -> Message:
    """An attempt at a delivery."""
    return Message((delivery(),), body, CIMultiDict({"Idempotency-Key": "k-1"}))


def unreachable(reason: str) -> Reply:
    return Reply(Verdict.UNREACHABLE, error=f"the file: {reason}")


@pytest.fixture
def lock(path: Path) -> Iterator[int]:
    """The file, held by somebody else: what is to be written to it hangs until it is let go."""
    fd = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_EX)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"n": 1.50}', b'{"n": 1.50}'),
        (b'{\r\n "n":\n 1e400 }\n', b'{ "n": 1e400 }'),
        (b"a=1&b=2\n", b'"a=1&b=2\\n"'),
        (b"\xff\n\0", b'"/woA"'),
        (b"", b'""'),
    ],
    ids=["JSON", "JSON of several lines", "a form", "no text", "nothing"],
)
async def test_line(target: FileTarget, path: Path, body: bytes, line: bytes) -> None:
    """One line, which is JSON; numbers stay as they were written."""
    assert await target.send(message(body), START) == TAKEN
    assert path.read_bytes() == line + b"\n"


async def test_many_at_once(target: FileTarget, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order; what waits for the disk is written and synced together."""
    sync, syncs = os.fdatasync, count()

    def counted(fd: int) -> None:
        sync(fd)
        next(syncs)

    monkeypatch.setattr(os, "fdatasync", counted)
    replies = await asyncio.gather(*(target.send(message(b"%d" % n), START) for n in range(500)))
    assert replies == [TAKEN] * 500
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == list(range(500))
    assert next(syncs) == 2


async def test_from_its_table(path: Path) -> None:
    """What the file says of it: where, and when a new one is begun, by the time that the worker has."""
    rotate = {"size": "1KiB", "every": "1d", "keep": 2}
    maker = prepare("box", TargetConfig.model_validate({"url": f"file:{path}", "rotate": rotate}))
    target = maker(SimpleNamespace())  # type: ignore[arg-type]  # it takes nothing of what targets share
    day = 86_400_000_000
    for n, body in enumerate([b'"1"', b'"2"', b'"%s"' % (b"x" * 1100), b'"4"']):
        assert await target.send(message(body), START + n * day) == TAKEN
    await target.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "events.jsonl",
        "events.jsonl.1",
        "events.jsonl.2",
    ]
    assert (path.read_bytes(), path.with_name("events.jsonl.2").read_bytes()) == (b'"4"\n', b'"2"\n')


async def test_no_folder(path: Path) -> None:
    """The target is down, and back as soon as there is one; the path, which may be a secret, is not told."""
    target = FileTarget(str(path / "events.jsonl"), PATIENCE)
    assert await target.send(message(b"1"), START) == unreachable("No such file or directory")
    path.mkdir()
    assert await target.send(message(b"2"), START) == TAKEN
    await target.close()
    assert (path / "events.jsonl").read_bytes() == b"2\n"


async def test_no_file(path: Path, target: FileTarget) -> None:
    """What keeps nothing is refused, and not waited for."""
    os.mkfifo(path)
    assert await target.send(message(b"1"), START) == unreachable("it is no regular file")


async def test_taken_in_part(path: Path, lock: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was to be written together, each is told what became of itself."""
    monkeypatch.setattr("relay.deliver.targets.lines.AT_ONCE", 2)
    target = FileTarget(str(path), PATIENCE)
    sends = [asyncio.create_task(target.send(message(b"%d" % n), START)) for n in range(4)]
    await eventually(lambda: len(target._waiting) == 3)
    with room(6):
        fcntl.flock(lock, fcntl.LOCK_UN)
        replies = await asyncio.gather(*sends)
    assert replies == [TAKEN, TAKEN, TAKEN, unreachable("File too large")]
    await target.close()
    assert path.read_bytes() == b"0\n1\n2\n"


async def test_hangs(path: Path, lock: int) -> None:
    """The target is down, while the loop turns on. What has waited in vain is forgotten, and only that."""
    target = FileTarget(str(path), LATE)
    hung = [target.send(message(b"%d" % n), START) for n in range(3)]
    assert await asyncio.gather(*hung) == [unreachable("took nothing within 0.05 s")] * 3
    assert target._waiting == {}
    target._timeout = PATIENCE
    waits = asyncio.create_task(target.send(message(b"3"), START))
    await eventually(lambda: target._waiting)
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert await waits == TAKEN
    await target.close()
    assert path.read_bytes() == b"0\n3\n"  # the first was on its way, and may come again


async def test_cut_off(path: Path, target: FileTarget, lock: int) -> None:
    """An attempt that is cancelled ends at once; one that was not begun is not written."""
    sends = [asyncio.create_task(target.send(message(b"%d" % n), START)) for n in range(3)]
    await eventually(lambda: len(target._waiting) == 2)
    sends[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await sends[1]
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert (await sends[0], await sends[2]) == (TAKEN, TAKEN)
    assert path.read_bytes() == b"0\n2\n"


async def test_others_go_on(path: Path, lock: int) -> None:
    """One that hangs has no part in another."""
    hanging, well = FileTarget(str(path), PATIENCE), FileTarget(f"{path}.well", PATIENCE)
    hung = asyncio.create_task(hanging.send(message(b"1"), START))
    assert await well.send(message(b"1"), START) == TAKEN
    assert not hung.done()
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert await hung == TAKEN
    await hanging.close()
    await well.close()


async def test_closes(path: Path, target: FileTarget) -> None:
    """It leaves neither a thread nor an open file, twice too; a send after it opens both again."""
    await target.close()
    for _ in range(2):
        assert await target.send(message(b"1"), START) == TAKEN
        await target.close()
        await target.close()
        assert "relay-file-target" not in [thread.name for thread in threading.enumerate()]
        assert str(path) not in [os.path.realpath(file) for file in Path("/proc/self/fd").iterdir()]
    assert path.read_bytes() == b"1\n1\n"


async def test_closes_while_it_hangs(path: Path, lock: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs holds up no stop."""
    monkeypatch.setattr("relay.deliver.targets.file.CLOSING", LATE)
    target = FileTarget(str(path), LATE)
    await target.send(message(b"1"), START)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "relay-file-target"]
    await target.close()
    assert thread.is_alive()
    fcntl.flock(lock, fcntl.LOCK_UN)
    await eventually(lambda: not thread.is_alive())


class TestFile(Promises):
    """What every target promises."""

    @pytest.fixture
    async def kind(self, path: Path, lock: int) -> AsyncIterator[Kind]:
        well = FileTarget(f"{path}.well", PATIENCE)
        hanging = FileTarget(str(path), PATIENCE)
        gone = FileTarget(str(path / "gone"), PATIENCE)
        yield Kind(well, hanging, gone, lambda: eventually(lambda: hanging._writing))
        fcntl.flock(lock, fcntl.LOCK_UN)
        for target in (well, hanging, gone):
            await target.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A very small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_full_disk(disk: Path) -> None:
    """The target is down, and nothing that was not taken stays there; with room it goes on."""
    another, path = disk / "another", disk / "events.jsonl"
    another.write_bytes(bytes(SMALL // 2))
    target = FileTarget(str(path), PATIENCE)
    taken, n = [], 0
    while (reply := await target.send(message(b'"%04d%s"' % (n, b"x" * 3000)), START)) == TAKEN:
        taken.append(n)
        n += 1
    assert reply == unreachable("No space left on device")
    another.unlink()
    assert await target.send(message(b'"next"'), START) == TAKEN
    await target.close()
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line[:4] for line in lines] == [*(f"{n:04d}" for n in taken), "next"]
