"""Answers of enrichments between memory and disk: at no moment are they nowhere, or old ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from relay.store.sqlite.answers import of
from relay.store.sqlite.store import SqliteStore
from relay.store.sqlite.transaction import commit
from tests.clock import ManualClock
from tests.store.conftest import SqliteHome
from tests.store.disk import turn
from tests.store.words import put


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    home = SqliteHome(tmp_path, clock)
    opened = await home.open()
    assert isinstance(opened, SqliteStore)
    yield opened
    await home.close()


class Busy:
    """The writer does something else, until it is free again."""

    def __init__(self, store: SqliteStore) -> None:
        self.began = asyncio.Event()
        self.free = asyncio.Event()
        self.task = asyncio.create_task(store._writer.change(self._work))

    async def _work(self) -> None:
        self.began.set()
        await self.free.wait()


def after(connection: Any, wanted: object, then: Callable[[], Awaitable[None]]) -> None:
    """Once `connection` has run `wanted`, and before anybody hears of it: `then`, once."""
    real = connection.run

    async def run(function: object, *args: Any, **kw: Any) -> Any:
        result = await real(function, *args, **kw)
        if function is wanted:
            connection.run = real
            await then()
        return result

    connection.run = run


async def test_it_is_written_while_the_rows_are_read(store: SqliteStore) -> None:
    """They were read before it was there, and memory has let it go by then."""
    id = (await put(store)).id
    busy = Busy(store)
    await busy.began.wait()

    async def written() -> None:
        busy.free.set()
        await store.flush()
        assert store._answers == {}

    store.keep_answer(id, "order", "1")
    after(store._reading, of, written)
    assert await store.answers(id) == {"order": "1"}
    await busy.task


async def test_a_newer_one_comes_while_the_older_is_written(store: SqliteStore) -> None:
    """That the older one is on disk says nothing of the newer."""
    id = (await put(store)).id
    blocking: list[Busy] = []
    kept = asyncio.Event()

    async def newer() -> None:
        store.keep_answer(id, "order", "2")
        blocking.append(Busy(store))
        await turn()
        kept.set()

    after(store._writing, commit, newer)
    store.keep_answer(id, "order", "1")
    await kept.wait()
    (busy,) = blocking
    await busy.began.wait()
    assert await store._reading.run(of, store.ids.tick(id)) == {"order": "1"}
    assert await store.answers(id) == {"order": "2"}
    busy.free.set()
    await busy.task
    await store.flush()
    assert await store._reading.run(of, store.ids.tick(id)) == {"order": "2"}
