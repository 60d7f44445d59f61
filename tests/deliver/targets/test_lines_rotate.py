"""Files that have become too large or too old make room, and no line is lost by it."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from relay.clock import SECOND
from tests.clock import START
from tests.deliver.targets.files import contents, failing, opened, write

DAY = 86400 * SECOND


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_by_size(path: Path) -> None:
    """Before it would be larger; `.1` is the newest, and what is more than `keep` goes."""
    with opened(path, size=4, keep=2) as file:
        write(file, b"1\n", b"2\n")
        assert contents(path) == [b"1\n2\n"]
        write(file, b"3\n")
        assert contents(path) == [b"3\n", b"1\n2\n"]
        write(file, b"4\n", b"5\n", b"6\n", b"7\n")
    assert contents(path) == [b"7\n", b"5\n6\n", b"3\n4\n"]


def test_line_that_is_larger(path: Path) -> None:
    """It has a file of its own, and empty files are none."""
    with opened(path, size=4) as file:
        write(file, b"11111\n", b"22222\n", b"3\n")
    assert contents(path) == [b"3\n", b"22222\n", b"11111\n"]


def test_size_of_a_file_that_was_there(path: Path) -> None:
    """Counts, also after a restart."""
    path.write_bytes(b"123\n")
    with opened(path, size=4) as file:
        write(file, b"4\n")
    assert contents(path) == [b"4\n", b"123\n"]


def test_keep_none(path: Path) -> None:
    """Then the old one is removed."""
    with opened(path, size=4, keep=0) as file:
        write(file, b"1\n", b"2\n", b"3\n")
    assert contents(path) == [b"3\n"]


def test_keep_fewer_than_before(path: Path) -> None:
    """Those beyond go with the next; what only looks like one stays."""
    with opened(path, size=2, keep=5) as file:
        write(file, *(b"%d\n" % n for n in range(6)))
    foreign = path.with_name(f"{path.name}.2026")
    foreign.write_bytes(b"foreign\n")
    with opened(path, size=2, keep=2) as file:
        write(file, b"6\n")
    assert contents(path) == [b"6\n", b"5\n", b"4\n", b"foreign\n"]


def test_by_age(path: Path) -> None:
    """From its first line on: one that is older makes room before the next; an empty one has no age."""
    with opened(path, every=86400.0) as file:
        path.touch()
        write(file, b"1\n", now=START)
        write(file, b"2\n", now=START + DAY - 1)
        assert contents(path) == [b"1\n2\n"]
        write(file, b"3\n", now=START + DAY)
        write(file, b"4\n", now=START + 2 * DAY - 1)
        write(file, b"5\n", now=START + 9 * DAY)
    assert contents(path) == [b"5\n", b"3\n4\n", b"1\n2\n"]


def test_age_over_a_restart(path: Path) -> None:
    """However often relay starts: the file itself tells when it was begun."""
    for n in range(5):
        with opened(path, every=86400.0) as file:
            write(file, b"%d\n" % n, now=START + n * DAY // 2)
    assert contents(path) == [b"4\n", b"2\n3\n", b"0\n1\n"]


def test_age_of_a_file_that_does_not_tell(path: Path) -> None:
    """It counts from when relay first saw it."""
    path.write_bytes(b"1\n")
    os.utime(path, (0, 0))
    for n in (2, 3):
        with opened(path, every=86400.0) as file:
            write(file, b"%d\n" % n, now=START + (n - 2) * DAY)
    assert contents(path) == [b"3\n", b"1\n2\n"]


def test_age_of_a_file_that_was_emptied(path: Path) -> None:
    """It is a new one."""
    with opened(path, every=86400.0) as file:
        write(file, b"1\n", now=START)
        os.truncate(path, 0)
        write(file, b"2\n", now=START + DAY - 1)
        write(file, b"3\n", now=START + DAY)
    assert contents(path) == [b"2\n3\n"]


def test_clock_that_went_back(path: Path) -> None:
    """A file begun in what is the future now counts from now."""
    with opened(path, every=86400.0) as file:
        write(file, b"1\n", now=START + 1000 * DAY)
        write(file, b"2\n", now=START)
        write(file, b"3\n", now=START + DAY)
    assert contents(path) == [b"3\n", b"1\n2\n"]


def test_no_attributes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files have none the age counts from when this process first saw it."""
    monkeypatch.setattr(os, "setxattr", failing(errno.ENOTSUP))
    monkeypatch.setattr(os, "getxattr", failing(errno.ENOTSUP))
    with opened(path, every=86400.0) as file:
        write(file, b"1\n", now=START)
        write(file, b"2\n", now=START + DAY - 1)
        write(file, b"3\n", now=START + DAY)
    assert contents(path) == [b"3\n", b"1\n2\n"]


class Killed(BaseException):
    """The process is gone, at this moment."""


@pytest.mark.parametrize("keep", [1, 3, 9])
@pytest.mark.parametrize("moment", range(5))
def test_killed_in_the_middle(path: Path, keep: int, moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any of its renames: no line is lost but those that `keep` lets go, and none comes twice."""
    rename, renames = Path.rename, iter(range(9))

    def killed(self: Path, to: Path) -> Path:
        if next(renames) == moment:
            raise Killed
        return rename(self, to)

    with opened(path, size=2, keep=keep) as file:
        write(file, *(b"%d\n" % n for n in range(4)))
        rest = [b"4\n", b"5\n"]
        with monkeypatch.context() as patch, suppress(Killed):
            patch.setattr(Path, "rename", killed)
            write(file, rest[0])
            del rest[0]
    with opened(path, size=2, keep=keep) as next_life:
        write(next_life, *rest)
    assert contents(path) == [b"%d\n" % n for n in range(5, -1, -1)][: keep + 1]
