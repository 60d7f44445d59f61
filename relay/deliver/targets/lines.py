"""A file of lines, each on the disk before it counts; old ones make room by their size or age.

Whoever appends holds the file's lock, so that several targets, of several daemons too, may have the same one.
Only a file that was seen under its name while it was locked is written to, or gives its name away: so nothing
that another has written is cut off or replaced.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from typing import Final

from relay.clock import micros
from relay.config.target import RotateConfig

MODE: Final = 0o600
"""Events are nobody else's business. Who wants others to read them makes the file beforehand."""
AT_ONCE: Final = 4 << 20
"""Bytes written with one sync, where they are several lines."""
BEGUN: Final = "user.relay.begun"
"""The file's own attribute that tells when it was begun: in microseconds, by relay's clock."""


class LinesFile:
    """Every method may block, and raises OSError; none is for two threads at once."""

    def __init__(self, path: str, rotate: RotateConfig | None = None) -> None:
        self._path = Path(path)
        self._rotate = rotate or RotateConfig()
        self._fd: int | None = None
        self._begun: int | None = None

    def append(self, lines: Sequence[bytes], now: int) -> int:
        """Write as many of `lines` as go at once, at least one; return how many are on the disk now.

        Each ends with a newline. When it fails none of them is there.
        """
        while True:
            with self._locked() as fd:
                size = os.fstat(fd).st_size
                if self._is_over(fd, size, len(lines[0]), now):
                    self._shift()
                    continue
                count = self._fitting(size, lines)
                self._write(fd, size, lines[:count])
                if os.fstat(fd).st_nlink or self._is_there(fd):
                    return count
                # it was deleted in the meantime, and what was written went with it

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd, self._begun = self._fd, None, None
            os.close(fd)

    # the file of that name

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file that is there under the name: opened, or made anew, as long as it was moved away."""
        while True:
            fd = self._open() if self._fd is None else self._fd
            _lock(fd)
            try:
                if self._is_there(fd):
                    yield fd
                    return
            finally:
                if self._fd is not None:  # closing it has unlocked it
                    _unlock(fd)
            self.close()

    def _is_there(self, fd: int) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(fd))

    def _open(self) -> int:
        fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            _must_be_regular(fd)
            self._sync_folder()
        except OSError:
            os.close(fd)
            raise
        self._fd = fd
        return fd

    def _sync_folder(self) -> None:
        """What was made, renamed or removed in it stays so."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # writing

    def _fitting(self, size: int, lines: Sequence[bytes]) -> int:
        """How many of them go into the file; the first one does, be it larger than any file should be."""
        room = AT_ONCE if self._rotate.size is None else min(AT_ONCE, self._rotate.size - size)
        for count, line in enumerate(lines):
            room -= len(line)
            if room < 0:
                return max(count, 1)
        return len(lines)

    def _write(self, fd: int, size: int, lines: Sequence[bytes]) -> None:
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        rest = memoryview(b"".join([b"\n", *lines] if torn else lines))
        length = len(rest)
        try:
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fdatasync(fd)
        except OSError:
            self._cut_back(fd, size, size + length - len(rest))
            raise

    def _cut_back(self, fd: int, before: int, after: int) -> None:
        """Let no half of a line stand there, nor one that may never reach the disk.

        Where that fails, too, the half line is ended before the next, as one of a crash is.
        """
        with suppress(OSError):
            if os.fstat(fd).st_size == after:  # else a program that knows of no locks has appended to it
                os.ftruncate(fd, before)
        self.close()

    # rotating

    def _is_over(self, fd: int, size: int, more: int, now: int) -> bool:
        """Whether it has to give way before a line of `more` bytes. An empty one never does."""
        rotate = self._rotate
        old = rotate.every is not None and self._age(fd, size, now) >= micros(rotate.every)
        return size > 0 and (old or (rotate.size is not None and size + more > rotate.size))

    def _age(self, fd: int, size: int, now: int) -> int:
        """Microseconds since its first line. One that does not tell when that was counts from now.

        Where files have no attributes of their own it counts from when this process first saw it.
        """
        if self._begun is None:
            with suppress(OSError, ValueError):
                self._begun = int(os.getxattr(fd, BEGUN))
        if size == 0 or self._begun is None or self._begun > now:
            self._begun = now
            with suppress(OSError):
                os.setxattr(fd, BEGUN, str(now).encode())
        return now - self._begun

    def _shift(self) -> None:
        """Give its name away: to `.1`, whose file gets `.2`, up to the first number that is free.

        Killed in the middle it leaves a free number, which the next one fills; only the last one is replaced.
        """
        keep = self._rotate.keep
        if keep == 0:
            self._path.unlink()
        else:
            free = next((n for n in range(1, keep) if not os.path.lexists(self._numbered(n))), keep)
            for n in range(free, 1, -1):
                self._numbered(n - 1).rename(self._numbered(n))
            self._path.rename(self._numbered(1))
        self._drop_beyond(keep)
        self._sync_folder()
        self.close()

    def _drop_beyond(self, keep: int) -> None:
        """Those that were kept while `keep` was larger."""
        while os.path.lexists(self._numbered(keep + 1)):
            keep += 1
            self._numbered(keep).unlink()

    def _numbered(self, n: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{n}")


def _must_be_regular(fd: int) -> None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def _lock(fd: int) -> None:
    """Wait for it. A file system that has no locks does without."""
    try:
        flock(fd, LOCK_EX)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}:
            raise


def _unlock(fd: int) -> None:
    with suppress(OSError):
        flock(fd, LOCK_UN)
