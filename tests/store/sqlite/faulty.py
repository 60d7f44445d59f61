"""A connection whose N-th statement goes wrong, and a life for each N."""

import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from relay.errors import StoreUnavailable
from relay.store.protocol import Store
from relay.store.sqlite.store import SqliteStore
from tests.clock import ManualClock
from tests.store.conftest import SqliteHome
from tests.store.words import sound

T = TypeVar("T")

Wrong = Literal["before", "after", "exit"]


class Faulty:
    """Stands before a connection: its `at`-th statement from now fails, once.

    `before`: it was not carried out. `after`: it was, and the error is all that is heard of it. `exit`: the
    process ends there and then.
    """

    def __init__(self, real: sqlite3.Connection, at: int, wrong: Wrong) -> None:
        self._real = real
        self._left = at
        self._wrong = wrong
        self.fired = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self._left -= 1
        if self._left != -1:
            return self._real.execute(sql, *values)
        self.fired = True
        if self._wrong == "exit":
            os._exit(9)
        if self._wrong == "after":
            self._real.execute(sql, *values)
        raise sqlite3.OperationalError("disk I/O error")

    def mend(self) -> bool:
        """Nothing goes wrong any more; whether something has."""
        self._left = -1
        return self.fired

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def break_writing(store: Store, at: int, wrong: Wrong) -> Faulty:
    """The `at`-th statement that `store` writes with from now on goes wrong."""
    assert isinstance(store, SqliteStore)
    faulty = Faulty(store._writing._conn, at, wrong)
    store._writing._connection = faulty  # type: ignore[assignment]  # it does what it is asked for
    return faulty


async def insisted(ask: Callable[[], Awaitable[T]]) -> T:
    """Asked again until it is done, as a sender or a person would."""
    for _ in range(3):
        try:
            return await ask()
        except StoreUnavailable:
            continue
    raise AssertionError("one fault made it fail three times")


async def every_fault(
    folder: Path, clock: ManualClock, wrong: Wrong, live: Callable[[Store, int], Awaitable[bool]]
) -> int:
    """`live` a life for each statement of it, that one going wrong; how many there were."""
    at = 0
    while True:
        home = SqliteHome(folder / str(at), clock)
        home.folder.mkdir()
        try:
            if not await live(await home.open(), at):
                return at
            await sound(await home.restart())
        finally:
            await home.close()
        at += 1
