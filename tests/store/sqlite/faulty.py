"""A connection whose N-th statement goes wrong."""

import os
import sqlite3
from typing import Any, Literal

from relay.store.protocol import Store
from relay.store.sqlite.store import SqliteStore

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
