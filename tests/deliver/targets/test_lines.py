"""A file of lines: each on the disk before it counts, whatever happens to the file meanwhile."""

import errno
import os
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from relay.deliver.targets.lines import AT_ONCE, LinesFile
from tests.clock import START
from tests.deliver.targets.files import contents, failing, opened, room, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def file(path: Path) -> Iterator[LinesFile]:
    """One that is never rotated."""
    with opened(path) as made:
        yield made


def test_lines_in_their_order(path: Path, file: LinesFile) -> None:
    """Nobody else may read them; what was there stays."""
    write(file, b"1\n", b"2\n")
    write(file, b"3\n")
    with opened(path) as next_life:
        write(next_life, b"4\n")
    assert contents(path) == [b"1\n2\n3\n4\n"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_large_lines(path: Path, file: LinesFile) -> None:
    """A line of any size is written; many go in several writes."""
    lines = [bytes([65 + n]) * AT_ONCE + b"\n" for n in range(3)]
    assert file.append(lines, START) == 1
    write(file, *lines[1:])
    assert contents(path) == [b"".join(lines)]


def test_synced_before_it_counts(path: Path, file: LinesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder when the file is made, and every line: with one sync for all that are given at once."""
    synced: list[object] = []
    sync, sync_data = os.fsync, os.fdatasync

    def folder(fd: int) -> None:
        sync(fd)
        synced.append(os.path.realpath(f"/proc/self/fd/{fd}"))

    def data(fd: int) -> None:
        sync_data(fd)
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fsync", folder)
    monkeypatch.setattr(os, "fdatasync", data)
    write(file, b"1\n", b"2\n", b"3\n")
    write(file, b"4\n")
    assert synced == [str(path.parent), 6, 8]


def test_mode_is_the_operators(path: Path, file: LinesFile) -> None:
    """A file that is there keeps who may read it."""
    path.touch()
    path.chmod(0o640)
    write(file, b"1\n")
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("torn", [b"{", b'{"n":1}', b"1\n{", b"\0"])
def test_torn_line(path: Path, torn: bytes) -> None:
    """What a crash left is ended before the next, and only once."""
    path.write_bytes(torn)
    with opened(path) as file:
        write(file, b"2\n")
        write(file, b"3\n")
    assert contents(path) == [torn + b"\n2\n3\n"]


def test_torn_by_another(path: Path, file: LinesFile) -> None:
    """Also while it is open."""
    write(file, b"1\n")
    with path.open("ab") as other:
        other.write(b"half")
    write(file, b"2\n")
    assert contents(path) == [b"1\nhalf\n2\n"]


@pytest.mark.parametrize("how", ["renamed", "deleted", "replaced"])
def test_moved_away(path: Path, file: LinesFile, how: str) -> None:
    """It is made anew; whoever moved it has all that was written before."""
    write(file, b"1\n")
    moved = path.with_name("moved")
    if how == "deleted":
        path.unlink()
    else:
        path.rename(moved)
        assert moved.read_bytes() == b"1\n"
    if how == "replaced":
        path.write_bytes(b"new\n")
    write(file, b"2\n")
    assert path.read_bytes() == (b"new\n2\n" if how == "replaced" else b"2\n")


def test_cut_by_another(path: Path, file: LinesFile) -> None:
    """As `copytruncate` of logrotate does it: the next line is its first."""
    write(file, b"1\n")
    os.truncate(path, 0)
    write(file, b"2\n")
    assert contents(path) == [b"2\n"]


def test_deleted_while_written(path: Path, file: LinesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went with it is written again."""
    sync = os.fdatasync
    syncs = count()

    def and_delete(fd: int) -> None:
        sync(fd)
        if next(syncs) == 1:
            path.unlink()

    monkeypatch.setattr(os, "fdatasync", and_delete)
    write(file, b"1\n")
    write(file, b"2\n")
    assert contents(path) == [b"2\n"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_no_file(path: Path, file: LinesFile, make: object) -> None:
    """What nothing can be kept in is refused at once."""
    make(path)  # type: ignore[operator]  # one of the two
    with pytest.raises(OSError, match=r"no regular file|Is a directory"):
        file.append([b"1\n"], START)


def test_no_folder(path: Path) -> None:
    """An error as long as there is none; no folder is made."""
    with opened(path / "deeper.jsonl") as file:
        for _ in range(2):
            with pytest.raises(FileNotFoundError):
                file.append([b"1\n"], START)
        path.mkdir()
        write(file, b"1\n")
        assert (path / "deeper.jsonl").read_bytes() == b"1\n"


# a disk that fails


def test_written_in_part(path: Path, file: LinesFile) -> None:
    """Nothing of it stays; later it goes on where it was."""
    write(file, b"1\n")
    with room(6), pytest.raises(OSError, match="File too large"):
        file.append([b"22\n", b"33\n"], START)
    assert contents(path) == [b"1\n"]
    write(file, b"44\n")
    assert contents(path) == [b"1\n44\n"]


def test_cannot_be_cut_back(path: Path, file: LinesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the half line is ended before the next."""
    write(file, b"1\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", failing(errno.EIO))
        with room(6), pytest.raises(OSError, match="File too large"):
            file.append([b"22222\n"], START)
    write(file, b"3\n")
    assert contents(path) == [b"1\n2222\n3\n"]


def test_not_synced(path: Path, file: LinesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that may never reach the disk do not stay: they come again."""
    write(file, b"1\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing(errno.EIO))
        with pytest.raises(OSError, match="Input/output error"):
            file.append([b"2\n"], START)
    assert contents(path) == [b"1\n"]
    write(file, b"2\n")
    assert contents(path) == [b"1\n2\n"]


def test_cuts_off_nobody_else(path: Path, file: LinesFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that knows of no locks has appended meanwhile: its line stays."""

    def after_another(fd: int) -> None:
        with path.open("ab") as other:
            other.write(b"other\n")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", after_another)
        with pytest.raises(OSError, match="Input/output error"):
            file.append([b"1\n"], START)
    assert contents(path) == [b"1\nother\n"]


# several writers


def test_several_targets(path: Path) -> None:
    """Each opens it for itself, and they rotate it in turns: every line is there, once and whole."""
    lines = [[b"%d-%d %s\n" % (n, m, b"x" * (m % 50)) for m in range(300)] for n in range(3)]

    def append(mine: list[bytes]) -> None:
        with opened(path, size=2000, keep=1000) as file:
            for line in mine:
                assert file.append([line], START) == 1

    threads = [threading.Thread(target=append, args=(mine,)) for mine in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = contents(path)
    assert max(map(len, files)) <= 2000
    written = b"".join(reversed(files)).splitlines(keepends=True)
    for n, mine in enumerate(lines):
        assert [line for line in written if line.startswith(b"%d-" % n)] == mine
