"""An examination that takes long: its sender waits no longer than `ack_timeout`, and others not at all."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.providers.custom import Custom
from relay.receive.providers.protocol import Identity, Part, Rejected, Request
from relay.receive.server import LARGE, LOOPED, THREADS
from relay.receive.source import Source
from tests.eventually import eventually
from tests.receive.stand import Stand
from tests.receive.wire import PATIENCE, request

LOOPING = "body.ids.filter(id, id != '')[0]"


class Held(Custom):
    """A source whose examinations do not end before they are let go."""

    def __init__(self, id: str = "body.id") -> None:
        table = SourceConfig.model_validate({"verify": "none", "id": id})
        super().__init__("shop", table, None, Faults("shop"))
        self.let_go = threading.Event()
        self.begun: list[bytes] = []
        """Their bodies."""

    @override
    def identify(self, request: Request) -> Identity | Rejected | tuple[Part, ...]:
        self.begun.append(request.body)
        self.let_go.wait(PATIENCE)
        return super().identify(request)


def door(path: str, provider: Custom, ack_timeout: float = PATIENCE) -> Source:
    return Source("shop", path, provider, 1 << 20, PATIENCE, ack_timeout, None)


@pytest.fixture
def opened(stand: Stand) -> Iterator[dict[str, Held]]:
    """By the name of their `id`; each behind a door that waits, and behind one that does not."""
    sources = {"plain": Held(), "looping": Held(LOOPING)}
    doors = [door(f"/{name}/patient", held) for name, held in sources.items()]
    doors += [door(f"/{name}/hasty", held, 0.03) for name, held in sources.items()]
    free = Held()
    free.let_go.set()
    stand.receiver.open({each.path: each for each in [*doors, door("/other", free)]}, (), 1 << 24)
    yield sources
    for held in sources.values():
        held.let_go.set()


def body(name: str, size: int) -> bytes:
    return f'{{"id":"{name}","ids":["","{name}"]}}'.encode().ljust(size)


@pytest.mark.parametrize(("id", "size"), [("plain", LARGE + 1), ("looping", LOOPED + 1)])
async def test_it_ends_with_ack_timeout(stand: Stand, opened: dict[str, Held], id: str, size: int) -> None:
    """503 and Retry-After, while others are served; what it found later is not stored behind our answer."""
    said = await stand.ask(request(f"/{id}/hasty", body("e-1", size)))
    assert (said.status, said.headers["Retry-After"]) == (503, "5")
    assert await stand.status(request("/other", b'{"id":"small"}')) == 200
    opened[id].let_go.set()
    again = await stand.ask(request(f"/{id}/patient", body("e-1", size)))
    assert (again.status, "Relay-Duplicate" in again.headers) == (200, False)
    assert [event.key for event in await stand.events()] == ["e-1", "small"]
    assert (stand.count("failed"), stand.held) == (1, 0)


async def test_its_turn_need_not_come(stand: Stand, opened: dict[str, Held]) -> None:
    """Where every thread is taken, likewise; and what was refused meanwhile is not examined any more."""
    held = opened["plain"]
    first = [body(f"e-{number}", LARGE + 1) for number in range(THREADS)]
    asking = [asyncio.ensure_future(stand.ask(request("/plain/patient", each))) for each in first]
    await eventually(lambda: len(held.begun) == THREADS)
    said = await stand.ask(request("/plain/hasty", body("late", LARGE + 1)))
    assert (said.status, said.headers["Retry-After"]) == (503, "5")
    held.let_go.set()
    assert [each.status for each in await asyncio.gather(*asking)] == [200] * THREADS
    last = body("last", LARGE + 1)
    assert await stand.status(request("/plain/patient", last)) == 200
    assert sorted(held.begun) == sorted([*first, last])
