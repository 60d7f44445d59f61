"""The file: opened as the contract says, by one daemon, and never by an older relay than wrote it."""

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from relay.errors import StoreError, StoreLocked, StoreTooNew
from relay.store.open import open_archive, open_store
from relay.store.protocol import Store
from relay.store.sqlite import connection
from relay.store.sqlite.connection import DaemonLock, migrations
from relay.store.sqlite.store import SqliteStore
from tests.clock import ManualClock
from tests.store.words import put, sound


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def opened(path: Path, clock: ManualClock) -> Store:
    store = await open_store(path, clock, min_free=0)
    await store.close()
    return store


def ask(path: Path, question: str) -> object:
    c = sqlite3.connect(path)
    try:
        return c.execute(question).fetchone()[0]
    finally:
        c.close()


def digests(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("relay.db*"))
    return {
        f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.name.split("-")[-1] != "shm"
    }


async def asked(store: Store, which: str, pragma: str) -> object:
    assert isinstance(store, SqliteStore)
    of = {"writer": store._writing, "reader": store._reading, "archive": store._archive}[which]
    return await of.run(lambda c: c.execute(f"PRAGMA {pragma}").fetchone()[0])


async def test_a_commit_is_on_the_disk(path: Path, clock: ManualClock) -> None:
    """WAL and synchronous=FULL, asked of the connection that writes: contract 1.1."""
    store = await open_store(path, clock, min_free=0)
    try:
        assert await asked(store, "writer", "journal_mode") == "wal"
        assert await asked(store, "writer", "synchronous") == 2
        assert await asked(store, "writer", "user_version") == len(migrations())
    finally:
        await store.close()


async def test_one_connection_writes(path: Path, clock: ManualClock) -> None:
    """The others may not, and never copy the log into the file."""
    store = await open_store(path, clock, min_free=0)
    try:
        assert await asked(store, "writer", "query_only") == 0
        for which in ("reader", "archive"):
            assert await asked(store, which, "query_only") == 1
            assert await asked(store, which, "wal_autocheckpoint") == 0
    finally:
        await store.close()


async def test_a_second_daemon_is_refused(path: Path, clock: ManualClock) -> None:
    """With the process that has it; when that one has closed, it may."""
    store = await open_store(path, clock, min_free=0)
    with pytest.raises(StoreLocked, match=rf"process {os.getpid()}\b"):
        await open_store(path, clock, min_free=0)
    await put(store)
    await store.close()
    again = await open_store(path, clock, min_free=0)
    await sound(again)
    await again.close()


def test_a_second_daemon_is_refused_in_another_process(path: Path) -> None:
    """And let in when the first is killed: the kernel takes the lock back."""
    script = (
        "import sys; from pathlib import Path; from relay.store.sqlite.connection import DaemonLock\n"
        "DaemonLock(Path(sys.argv[1])).acquire(); print('has it', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"has it\n"
        with pytest.raises(StoreLocked, match=rf"process {other.pid}\b"):
            DaemonLock(path).acquire()
        other.kill()
        other.wait()
        mine = DaemonLock(path)
        mine.acquire()
        mine.release()


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed, its log not copied yet"])
async def test_a_newer_store_is_refused_and_left_untouched(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, killed: bool
) -> None:
    """Both versions are named, and no byte of the file or of its log is another one: contract 5."""
    newer = [*migrations(), "CREATE TABLE later (x)"]
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda: newer)
        store = await open_store(path, clock, min_free=0)
        await put(store)
        copied = tmp_path / "copied"
        copied.mkdir()
        for file in tmp_path.glob("relay.db*"):
            shutil.copy(file, copied)
        await store.close()
    folder = copied if killed else tmp_path
    assert (folder / "relay.db-wal").exists() is killed
    before = digests(folder)
    for opening in (open_store(folder / "relay.db", clock, min_free=0), open_archive(folder / "relay.db")):
        with pytest.raises(StoreTooNew, match=rf"version {len(newer)}\b.* up to {len(newer) - 1}\b"):
            await opening
    assert digests(folder) == before


async def test_an_older_store_is_brought_up_to_date(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step from its version, and what was in it is in it."""
    store = await open_store(path, clock, min_free=0)
    id = (await put(store)).id
    await store.close()
    two = [*migrations(), "CREATE TABLE a (x); INSERT INTO a VALUES (1)", "UPDATE a SET x = 5"]
    monkeypatch.setattr(connection, "migrations", lambda: two)
    again = await open_store(path, clock, min_free=0)
    assert await again.show(id) is not None
    await again.close()
    assert (ask(path, "PRAGMA user_version"), ask(path, "SELECT x FROM a")) == (len(two), 5)


async def test_a_failed_step_leaves_the_version_before(
    path: Path, clock: ManualClock, opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a step or nothing, and the steps before it stay."""
    steps = [*migrations(), "CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"]
    monkeypatch.setattr(connection, "migrations", lambda: steps)
    with pytest.raises(StoreError, match="nowhere"):
        await open_store(path, clock, min_free=0)
    assert ask(path, "PRAGMA user_version") == len(steps) - 1
    assert ask(path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')") == 1
    monkeypatch.undo()
    monkeypatch.setattr(connection, "migrations", lambda: steps[:-1])
    again = await open_store(path, clock, min_free=0)
    await again.close()


@pytest.mark.parametrize("kind", ["garbage", "a folder", "somebody else's", "no folder", "busy"])
async def test_what_is_no_store_is_told(path: Path, clock: ManualClock, kind: str) -> None:
    """In words for a person, with a hint, by the daemon and by the commands that look; no thread stays."""
    other: sqlite3.Connection | None = None
    match kind:
        case "garbage":
            path.write_bytes(b"garbage" * 1000)
        case "a folder":
            path.mkdir()
        case "no folder":
            path = path / "nowhere" / "relay.db"
        case _:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("CREATE TABLE event (x)")
            other.execute("BEGIN EXCLUSIVE" if kind == "busy" else "PRAGMA user_version")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "BUSY_TIMEOUT", 0.0)
            with pytest.raises(StoreError) as told:
                await open_store(path, clock, min_free=0)
        assert told.value.hint
        if kind != "busy":
            with pytest.raises(StoreError):
                await open_archive(path)
    finally:
        if other is not None:
            other.close()


async def test_a_refused_opening_gives_the_lock_back(path: Path, clock: ManualClock) -> None:
    """Put right, it opens in the same process."""
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError):
        await open_store(path, clock, min_free=0)
    path.unlink()
    store = await open_store(path, clock, min_free=0)
    await store.close()


async def test_a_store_is_looked_at_without_its_daemon(path: Path, clock: ManualClock) -> None:
    """What a stopped daemon left is found, shown and counted, and nothing of it can be changed."""
    store = await open_store(path, clock, min_free=0)
    id = (await put(store, body=b"\xff")).id
    await store.close()
    before = digests(path.parent)
    archive = await open_archive(path)
    try:
        event = await archive.show(id)
        assert event is not None
        assert event.body == b"\xff"
        assert (await archive.audit()).ok
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await archive._archive.run(lambda c: c.execute("DELETE FROM event"))  # type: ignore[attr-defined]  # nothing public can
    finally:
        await archive.close()
    assert digests(path.parent) == before


async def test_two_stores_give_different_ids(tmp_path: Path, clock: ManualClock) -> None:
    """At the same moment, so that they never meet at one target."""
    stores = [await open_store(tmp_path / name, clock, min_free=0) for name in ("a.db", "b.db")]
    ids = [store.next_id(clock.now()) for store in stores]
    for store in stores:
        await store.close()
    assert ids[0] != ids[1]


async def test_the_lock_is_nobody_elses_to_read(path: Path, opened: Store) -> None:
    """0600."""
    assert stat.S_IMODE(path.with_name("relay.db.lock").stat().st_mode) == 0o600
