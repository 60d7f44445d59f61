"""Targets of tables, made as relay makes them, and closed when their test is over."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from relay.deliver.targets.means import Means, Prepare
from relay.deliver.targets.protocol import Reply, Target
from relay.event import Event
from tests.clock import START, ManualClock
from tests.deliver.targets.asking import message, table


class Opener:
    """One kind of target, with keys that all of a test's targets have."""

    def __init__(self, prepare: Prepare, session: ClientSession, keys: dict[str, Any]) -> None:
        self._prepare = prepare
        self._session = session
        self._keys = {"timeout": "20s", "connect_timeout": "20s", **keys}
        self.targets: list[Target] = []

    def __call__(self, url: str, **keys: Any) -> Target:
        maker = self._prepare("box", table(url, **(self._keys | keys)))
        assert not isinstance(maker, list), maker
        self.targets.append(maker(Means(self._session, ManualClock())))
        return self.targets[-1]

    def problems(self, url: str, **keys: Any) -> list[str]:
        """What is wrong with a table, as it is told."""
        found = self._prepare("box", table(url, **(self._keys | keys)))
        assert isinstance(found, list)
        return [problem.at("relay.toml") for problem in found]


@asynccontextmanager
async def opener(prepare: Prepare, session: ClientSession, **keys: Any) -> AsyncIterator[Opener]:
    """Makes targets, and closes them in the end."""
    made = Opener(prepare, session, keys)
    try:
        yield made
    finally:
        for target in made.targets:
            await target.close()


async def send(
    target: Target, n: int = 1, of: Event | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """What becomes of the n-th event, or of `of`, with these headers of the route's."""
    sent = message(n, of, to=target)
    sent.headers.update(headers or {})
    return await target.send(sent, START)
