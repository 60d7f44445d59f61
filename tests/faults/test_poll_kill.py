"""SIGKILL of the whole process at each step of a pass and of a watch's turn: nothing lost, nothing twice."""

import asyncio
import random
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from relay.poll.watch_run import STEPS
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.sink import Sink
from tests.faults.waiting import until
from tests.poll.provider import Asked, Provider, Says

pytestmark = pytest.mark.faults

ITEMS: Final = [f"e{n}" for n in range(5)]
WITHIN: Final = 30.0
LIST: Final = """
api = "shop"
path = "/list"
items = "body.rows"
id = "item.id"
time = "ts(item.time)"
next = "body.next"
start = "all"
every = "1s"
"""
POLLS: Final = {
    "newest first, with details": LIST
    + 'order = "newest"\ndetail = { path = "/detail/${item.id}", data = "body" }\n',
    "oldest first, by page": LIST + 'order = "oldest"\nchange = "item.state"\n',
    "fills a gap": LIST + 'source = "shop"\norder = "newest"\ngap = { silence = "1h", on_start = true }\n',
}
KEYS: Final = {
    "newest first, with details": ("list", ITEMS),
    "oldest first, by page": ("list", [f"{id}#1" for id in ITEMS]),
    "fills a gap": ("shop", ITEMS),
}
"""The source of each, and its keys."""
WATCH: Final = """
on = 'event.source == "shop"'
keys = "[event.data.id]"
api = "shop"
path = "/package/${keys[0]}/status"
items = "[body]"
id = "keys[0]"
change = "item.status"
until = 'item.status == "Delivered"'
every = "1s"
"""
MOST: Final = 40
"""Steps that no watch of this has."""


class Dying(Daemon):
    """A daemon that kills itself at a step, where `kill_at` is not 0."""

    kill_at = 0

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.faults.dying_polls"]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"KILL_AT": str(self.kill_at)}

    async def be_killed(self, step: int) -> None:
        """A life that ends at that step."""
        self.kill_at = step
        self.start()
        assert await self.killed_unless(lambda: False), self.last_words()
        self.kill_at = 0

    async def killed_unless(self, over: Callable[[], bool]) -> bool:
        """Whether it killed itself before that."""
        await until(lambda: not self.alive or over(), WITHIN, self.last_words)
        if self.alive:
            return False
        assert self._process is not None
        process, self._process = self._process, None
        assert process.wait() == -signal.SIGKILL, self.last_words()
        return True

    def steps(self) -> list[str]:
        """What was reached so far, in all lives."""
        return re.findall(r"^step: (\w+)$", self.log(), re.MULTILINE)

    @property
    def again(self) -> bool:
        """Whether a second pass began."""
        return self.steps().count("began") > 1

    @property
    def first_pass(self) -> list[str]:
        """The steps of the first one."""
        steps = self.steps()
        return steps[: steps.index("began", 1)] if self.again else steps

    async def keys(self, source: str) -> list[str]:
        """Of all events, sorted."""
        events = (await self.ask("GET", f"/api/v1/events?source={source}&limit=1000"))["events"]
        return sorted(event["key"] for event in events)


MakeDying = Callable[[dict[str, str]], Dying]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """Whom it asks."""
    async with Provider() as opened:
        yield opened


@pytest.fixture
def make_dying(tmp_path: Path, sink: Sink, provider: Provider) -> Iterator[MakeDying]:
    """A daemon with these tables, in a folder of its own."""
    made: list[Dying] = []

    def make(sections: dict[str, str]) -> Dying:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Dying(folder, sink.port, {"api.shop": f'url = "{provider.url}"', **sections}))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()


def two_pages(*, newest: bool) -> Callable[[Asked], Says]:
    """Five items, the second page with the last two."""
    rows = [{"id": id, "time": f"2026-01-01T00:00:0{n}Z", "state": 1} for n, id in enumerate(ITEMS)]
    rows = rows[::-1] if newest else rows

    def answer(asked: Asked) -> Says:
        if asked.path.startswith("/detail/"):
            return Says({"id": asked.path.removeprefix("/detail/")})
        if asked.query:
            return Says({"rows": rows[3:], "next": None})
        return Says({"rows": rows[:3], "next": "/list?page=2"})

    return answer


@pytest.mark.parametrize("kind", POLLS)
async def test_each_step_of_a_pass(make_dying: MakeDying, sink: Sink, provider: Provider, kind: str) -> None:
    """The next life brings what is missing, once each; a webhook of the same item may come meanwhile."""
    table, (source, keys) = POLLS[kind], KEYS[kind]
    provider.answer = two_pages(newest="newest" in table)

    async def over(daemon: Dying) -> None:
        await until(lambda: set(sink.known) >= set(ITEMS), WITHIN, daemon.last_words)
        await until(lambda: "committed" in daemon.steps()[-1:] or daemon.again, WITHIN, daemon.last_words)

    whole = make_dying({"poll.list": table})
    whole.start()
    await over(whole)
    steps = whole.first_pass
    await whole.stop()
    assert set(steps) == {"began", "read", "taken", "made", "committed", *(["detailed"] * ("detail" in kind))}
    for number in range(1, len(steps) + 1):
        sink.known.clear()
        daemon = make_dying({"poll.list": table})
        await daemon.be_killed(number)
        assert daemon.steps() == steps[:number]
        daemon.start()
        if source == "shop":
            await daemon.ready()
            async with Senders(daemon, random.Random(number)) as senders:
                await asyncio.gather(*(senders.persist(id) for id in ITEMS[1:3]))
        await over(daemon)
        assert (await daemon.settled())["ok"]
        assert await daemon.keys(source) == keys
        assert await daemon.stop() == 0


async def test_each_step_of_a_turn(make_dying: MakeDying, sink: Sink, provider: Provider) -> None:
    """What was watched is watched on; each state is one event, and the end is the end."""

    def answer(_asked: Asked) -> Says:
        told = any(name == "new" for name in sink.known)
        return Says({"id": "told" if told else "new", "status": "Delivered" if told else "on its way"})

    provider.answer = answer
    number = 0
    while (number := number + 1) < MOST:
        sink.known.clear()
        daemon = make_dying({"watch.package": WATCH})
        daemon.kill_at = number
        daemon.start()
        async with Senders(daemon, random.Random(number)) as senders:
            posting = asyncio.ensure_future(senders.persist("p1"))
            killed = await daemon.killed_unless(lambda: "told" in sink.known)
            daemon.kill_at = 0
            if killed:
                daemon.start()
            await posting
        await until(lambda: {"new", "told"} <= set(sink.known), WITHIN, daemon.last_words)
        assert (await daemon.settled())["ok"]
        assert await daemon.keys("package") == ["p1#1", "p1#2"]
        asked = len(provider.asked)
        assert await daemon.stop() == 0
        if not killed:
            assert set(daemon.steps()) == set(STEPS)
            assert number > len(STEPS)
            # what is over is over after a restart, too
            daemon.start()
            await daemon.ready()
            assert (await daemon.stop(), len(provider.asked)) == (0, asked)
            return
    pytest.fail("a watch has more steps than that")
