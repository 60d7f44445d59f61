"""The test stand: a folder that goes away, the sink, and whatever else is started for a measurement."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from bench.child import Child, Failed
from bench.daemon import STORE, Daemon, one_target
from bench.message import PATH
from bench.settings import Settings

MOST_A_SECOND: Final = 60_000
"""Messages signed for each second of a closed loop: more than a Python server answers."""
WAITING: Final = "waiting.db"
KEPT: Final = "kept.db"
"""Filled stores in the stand's folder: every delivery waits, every delivery is made."""
BUSY: Final = 0.9
"""Of a core: above it the load generator may be what was measured."""
ARRIVE_WITHIN: Final = 120.0
"""Seconds that deliveries may take after the last post."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What the load generator says of one run; moments are monotonic seconds."""

    requests: int
    accepted: int
    seconds: float
    rate: float
    statuses: dict[str, int]
    lost_connections: int
    exhausted: bool
    began: float
    ended: float
    latency: dict[str, float]
    cpu_share: float

    @property
    def busy(self) -> bool:
        """Whether the generator itself may have been the limit."""
        return self.cpu_share > BUSY or self.exhausted


class Stand:
    """Where measurements are taken. Everything it starts ends with its `with` block."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self._numbers = count(1)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._sink = self._stack.enter_context(Child(("-m", "bench.sink"), self.folder / "sink.err"))
        self.sink_port: int = self._sink.said()["port"]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def baseline(self, kind: str) -> Iterator[tuple[Child, int]]:
        """A `handler` or `proxy`, and its port."""
        args = ("-m", "bench.baselines", kind, "--to", f"http://127.0.0.1:{self.sink_port}/")
        with Child(args, self.folder / f"{kind}.err") as child:
            yield child, child.said()["port"]

    @contextmanager
    def relay(self, store: Path | None = None, tables: str | None = None) -> Iterator[Daemon]:
        """A relay that is ready, on a new store or on a copy of `store`.

        `tables`: its targets and routes; without them all goes to the sink.
        """
        folder = self.folder / f"relay-{next(self._numbers)}"
        folder.mkdir()
        try:
            if store is not None:
                copy(store, folder / STORE)
            with Daemon(folder, tables or one_target(self.sink_port)) as daemon:
                daemon.ready()
                yield daemon
        finally:
            shutil.rmtree(folder)

    def post(self, port: int, seconds: float | None = None, rate: float | None = None) -> Posted:
        """Post to `port` and wait for the end of it; without `rate` as fast as is answered."""
        with self.posting(port, seconds, rate) as child:
            return self.posted(child)

    @contextmanager
    def posting(self, port: int, seconds: float | None = None, rate: float | None = None) -> Iterator[Child]:
        """The load generator, as it posts."""
        for_seconds = seconds or self.settings.seconds
        args = {
            "port": port,
            "path": PATH,
            "connections": self.settings.connections,
            "seconds": for_seconds,
            "at-most": int(for_seconds * (rate or MOST_A_SECOND)),
            "run": f"r{next(self._numbers):04d}",
        } | ({"rate": rate} if rate else {})
        words = [f"--{name}={value}" for name, value in args.items()]
        with Child(("-m", "bench.load", *words), self.folder / "load.err") as child:
            yield child

    def posted(self, child: Child) -> Posted:
        """What came of the posts of a load generator, at their end."""
        child.said()
        return Posted(**child.said(self.settings.outage + 300))

    # the sink

    def forget(self) -> None:
        """The sink has seen nothing yet."""
        self._order({"do": "reset"})

    def arrived(self, events: int) -> None:
        """Return when `events` different events have come to the sink; Failed where they do not."""
        order = {"do": "wait", "events": events, "seconds": ARRIVE_WITHIN}
        came = self._order(order)["events"]
        if came < events:
            raise Failed(f"{came} of {events} events arrived within {ARRIVE_WITHIN:.0f} s")

    def down(self, seconds: float) -> None:
        """The sink refuses connections for `seconds` from now on."""
        self._order({"do": "down", "seconds": seconds})

    def report(self, until: float | None = None) -> dict[str, Any]:
        """What came to the sink since it forgot, up to the moment `until`."""
        return self._order({"do": "report"} | ({} if until is None else {"until": until}))

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        self._sink.tell(order)
        return self._sink.said(ARRIVE_WITHIN + 30)


def copy(store: Path, to: Path) -> None:
    """A copy of a store that no process has open, on disk before anything is measured."""
    shutil.copyfile(store, to)
    with to.open("rb+") as file:
        os.fsync(file.fileno())
