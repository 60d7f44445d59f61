"""The whole daemon, in this process, on a file of its own and a clock that is moved by hand."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from relay.config.load import load
from relay.daemon import Daemon
from relay.store.protocol import EventView
from tests.clock import ManualClock
from tests.eventually import eventually
from tests.quiet import quiet
from tests.receive.wire import SECRET, Said, Wire, signed

FREE_PORTS: Final = """
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[store]
min_free = "0B"
"""
SHOP: Final = f"""
[source.shop]
verify = {{ type = "hmac", header = "X-Signature", prefix = "sha256=" }}
secret = "{SECRET}"
id = "body.id"
"""


def box(url: str, name: str = "box", more: str = "") -> str:
    """A target's table."""
    return f'[target.{name}]\nurl = "{url}"\n{more}\n'


def route(*targets: str, name: str = "all") -> str:
    """A route from everything."""
    return f'[route.{name}]\nfrom = "*"\nto = {list(targets)}\n'


class Relay:
    """Opened with `async with`; runs from there, or from `start`, to `stop`."""

    daemon: Daemon
    _run: "asyncio.Task[int]"

    def __init__(self, folder: Path, clock: ManualClock, *tables: str) -> None:
        self.file = folder / "relay.toml"
        self.clock = clock
        self.write(*tables)

    def write(self, *tables: str) -> None:
        """Another file from now on, which nobody has read yet."""
        self.file.write_text(FREE_PORTS + "\n".join(tables))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not self._run.done():
            await self.stop()

    async def start(self) -> None:
        self.daemon = Daemon(load(self.file), self.clock)
        self._run = asyncio.create_task(self.daemon.run())
        await eventually(lambda: self._run.done() or self.daemon.addresses.get("http"))
        if self._run.done():
            await self._run

    async def stop(self) -> None:
        """As by SIGTERM; time goes by while it stops."""
        self.daemon.stop()

        def stopped() -> bool:
            self.clock.advance(0.1)
            return self._run.done()

        await eventually(stopped)
        assert await self._run == 0

    async def idle(self, running: int = 0) -> None:
        """Return when nothing more happens without time going by."""
        await quiet(self.clock, self.daemon.store, self.daemon.worker, running)

    async def go_on(self, seconds: float, running: int = 0) -> None:
        """Let time go by, and everything happen that it brings."""
        self.clock.advance(seconds)
        await self.idle(running)

    async def ask(self, raw: bytes) -> Said:
        async with Wire(self.daemon.addresses["http"]) as wire:
            return await wire.ask(raw)

    async def post(self, key: str) -> str:
        """An event of the shop; its id."""
        said = await self.ask(signed(b'{"id":"%s"}' % key.encode()))
        assert said.status == 200
        return said.headers["Relay-Event-Id"]

    async def event(self, id: str) -> EventView:
        event = await self.daemon.store.show(id)
        assert event is not None
        return event

    async def states(self, id: str) -> dict[str, str]:
        """Target → state of an event's deliveries."""
        return {each.target: each.state for each in (await self.event(id)).deliveries}
