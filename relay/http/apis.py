"""All `[api.NAME]` of the file in force: each opened once, and shared by whoever asks it."""

import asyncio
from collections.abc import Iterator, Mapping

from aiohttp import ClientSession
from typing_extensions import override

from relay.clock import Clock
from relay.config.api import ApiConfig
from relay.http.api import Api


class Apis(Mapping[str, Api]):
    """By name. Polls, watches and enrichments look an api up here, and keep to it until the next file."""

    def __init__(self, session: ClientSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._tables: Mapping[str, ApiConfig] = {}
        self._opened: dict[str, Api] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def open(self, tables: Mapping[str, ApiConfig]) -> None:
        """Have these from now on. One whose table is as it was stays, with its token, its budget, its waits.

        What is replaced is closed soon: who asks there takes to the new one at the same moment.
        """
        before, tables_before = self._opened, self._tables
        same = {name for name, table in tables.items() if tables_before.get(name) == table}
        self._tables = tables
        self._opened = {
            name: before[name] if name in same else Api(name, table, self._session, self._clock)
            for name, table in tables.items()
        }
        for name in before.keys() - same:
            task = asyncio.ensure_future(before[name].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Nobody asks any more."""
        await asyncio.gather(*self._closing, *(api.close() for api in self._opened.values()))

    @override
    def __getitem__(self, name: str) -> Api:
        return self._opened[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    @override
    def __len__(self) -> int:
        return len(self._opened)
