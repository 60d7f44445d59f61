"""Connections to the file: one that writes, some that read, a lock for the daemon, and the schema's version.

SQLite before 3.51.3 can damage a WAL when two connections write or checkpoint at the same moment: so one
connection does both, and the others are `query_only` and never checkpoint.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import aiosqlite

from relay.errors import StoreError, StoreLocked, StoreTooNew

T = TypeVar("T")
P = ParamSpec("P")

BUSY_TIMEOUT: Final = 2.0
"""Seconds a write waits for a lock that somebody else holds, before it fails."""
CACHED_STATEMENTS: Final = 512
CHECKPOINT_PAGES: Final = 4000
VERSION_AT: Final = slice(60, 64)
"""Where a database file has its `user_version`, big-endian (SQLite's "Database File Format", 1.3)."""


class Connection(aiosqlite.Connection):
    """A connection on a thread of its own, which runs whole functions: one hop for a whole transaction."""

    async def run(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """`function(connection, …)` on the connection's thread. Cancelling the await does not stop it."""
        return await self._execute(function, self._conn, *args, **kw)  # type: ignore[no-any-return,no-untyped-call]  # untyped there


async def open_writer(path: Path) -> Connection:
    """The connection that writes; makes the file, and brings its schema up to date."""
    refuse_newer(path, written_version(path))
    _make_private(path)
    connection = await _connect(
        lambda: sqlite3.connect(
            path, isolation_level=None, timeout=BUSY_TIMEOUT, cached_statements=CACHED_STATEMENTS
        )
    )
    try:
        await connection.run(_prepare_writer, path)
    except BaseException:
        await connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """A new file is its owner's alone: it will hold what senders and targets tell each other."""
    with suppress(OSError):  # SQLite tells it better
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


async def open_reader(path: Path) -> Connection:
    """A connection that only reads."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = await _connect(
        lambda: sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=5, cached_statements=CACHED_STATEMENTS
        )
    )
    await connection.run(_prepare_reader)
    return connection


async def _connect(connector: Callable[[], sqlite3.Connection]) -> Connection:
    connection = Connection(connector, 64)
    try:
        _ = await connection
    except BaseException:
        connection._thread.join()  # noqa: SLF001  it has been told to end, and would speak to a loop that may be gone
        raise
    return connection


def _prepare_writer(c: sqlite3.Connection, path: Path) -> None:
    version = c.execute("PRAGMA user_version").fetchone()[0]
    refuse_newer(path, version)
    c.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;")
    c.executescript(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}; PRAGMA cache_size=-32768;")
    # Debian's SQLite is built to write zeroes over every page it frees: on a full disk, for which old events
    # go, that takes as much log as they took themselves
    c.execute("PRAGMA secure_delete=OFF")
    migrate(c, version)


def _prepare_reader(c: sqlite3.Connection) -> None:
    c.executescript("PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;")


def migrations() -> list[str]:
    """The scripts that make version 1, 2, … from the one before."""
    folder = resources.files("relay.store.sqlite") / "migrations"
    return [file.read_text("utf-8") for file in sorted(folder.iterdir(), key=lambda file: file.name)]


def refuse_newer(path: Path, version: int) -> None:
    """StoreTooNew for a file that a newer relay wrote."""
    known = len(migrations())
    if version > known:
        raise StoreTooNew(
            f"{path} has store version {version}, this relay knows versions up to {known}",
            "run the newer relay; the file was left untouched",
        )


def written_version(path: Path) -> int:
    """The store version in the file's own first page; 0 where there is none yet.

    Read as bytes: SQLite, asked for it, would write the log of a daemon that was killed into the file.
    """
    try:
        with path.open("rb") as file:
            header = file.read(VERSION_AT.stop)
    except OSError:
        return 0
    return int.from_bytes(header[VERSION_AT], "big") if header.startswith(b"SQLite format 3\0") else 0


def cannot_open(path: Path, error: sqlite3.Error) -> StoreError:
    """What people are told where SQLite cannot use the file."""
    return StoreError(
        f"the store {path} cannot be opened: {error}",
        "it has to be a store of relay's, readable and writable by relay's user, with room on its disk",
    )


def migrate(c: sqlite3.Connection, version: int) -> None:
    """From `version` to the newest, each step in one transaction with the version's number."""
    for number, script in enumerate(migrations()[version:], start=version + 1):
        # executescript ends an open transaction first: the script has to hold its own
        try:
            c.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version={number}; COMMIT;")
        except BaseException:
            if c.in_transaction:
                c.execute("ROLLBACK")
            raise
        # the version reaches the file itself, where an older relay looks for it
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class DaemonLock:
    """A file beside the store that says a daemon has it; the kernel takes it back when the daemon ends."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._file = store.with_name(f"{store.name}.lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """StoreLocked where another daemon has it."""
        try:
            fd = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the store {self._store} cannot be opened: {error.strerror}",
                "its folder must exist and be writable by relay's user",
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(fd, 20).decode("ascii", "replace").strip()
            os.close(fd)
            raise StoreLocked(
                f"the store {self._store} is in use by another relay (process {owner or 'unknown'})",
                "one daemon to a store: stop the other one, or give this one a [store] url of its own",
            ) from error
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
