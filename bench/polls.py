"""Many polls with long lists: what they hold in memory, and what they take from the senders.

The lists are served by a process of its own: `python -m bench.polls` prints `{"port"}`, and ends with its
input.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from aiohttp import web

from bench.child import Child, Failed
from bench.daemon import STORE, Daemon, one_target
from bench.rounds import _ingest as posted_to
from bench.rounds import interleaved, relay_ingest
from bench.row import Round, Row, compared
from bench.stand import Stand
from bench.stdin import lines
from relay.clock import SECOND, SystemClock, rfc3339

POLLS: Final = 200
AT_ONCE: Final = 8
"""So many passes relay makes at the same time; and so many polls find nothing but news at first."""
APIS: Final = 4
"""Over so many apis: of one there are fewer at the same time."""
AWAKE: Final = range(POLLS, POLLS + AT_ONCE)
"""Further polls, for those that pass during the rounds: the others sleep through them."""
ITEMS: Final = 10_000
"""Of one pass."""
PAGE: Final = 1_000
PADDING: Final = 400
"""Bytes in each item, beside its id and time."""
IDLE: Final = 900.0
"""Seconds between two passes of a poll that finds nothing: `idle`, as it is by default."""
PASSED_WITHIN: Final = 1200.0
MOST: Final = 700.0
"""MiB."""
LOOK: Final = 0.2
API: Final = '[api.lists{number}]\nurl = "http://127.0.0.1:{port}"\n'
POLL: Final = """
[poll.p{number}]
api = "lists{api}"
path = "/list"
items = "body.rows"
id = "item.id"
time = "ts(item.time)"
next = "body.next"
start = "{start}"
overlap = "1d"
every = "{every}ms"
idle = "{every}ms"
"""


# the measurements


def polls(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """Memory after a pass of every poll, and durable acknowledgements a second while polls go on."""
    folder = stand.folder / "polls"
    folder.mkdir()
    with Child(("-m", "bench.polls"), stand.folder / "polls.err") as lists:
        port: int = lists.said()["port"]
        memory = _memory(stand, folder, port, step)
        alone = partial(relay_ingest, stand, folder / STORE)
        each = IDLE / POLLS
        paces = {"idle": {AWAKE[0]: each}, "busy": dict.fromkeys(AWAKE, 1.0)}
        measures = {name: partial(_ingest, stand, folder / STORE, port, pace) for name, pace in paces.items()}
        found = interleaved(stand.settings.rounds, {"alone": alone, **measures}, step)
    shutil.rmtree(folder)
    what = f"ingest, {POLLS} polls of {ITEMS:,} items"
    pace = f"{what}, a pass every {each:.1f} s"
    busy = compared(f"{what}, {AT_ONCE} passes at any time", "no polls", found["busy"], found["alone"], 0.0)
    return [memory, compared(pace, "no polls", found["idle"], found["alone"], 0.9), busy]


def _memory(stand: Stand, folder: Path, port: int, step: Callable[[str], None]) -> Row:
    with Daemon(folder, one_target(stand.sink_port) + tables(port, dict.fromkeys(AWAKE, 1.0))) as daemon:
        daemon.ready()
        before = daemon.memory()["VmRSS"]
        half = 0.0
        began = time.monotonic()
        # whoever passes again stands in line behind those that have not
        wanted = AWAKE.stop + AT_ONCE
        while (done := passes(port)) < wanted:
            step(f"first passes: {done * 100 // wanted} %")
            half = half if done > wanted // 2 else daemon.memory()["VmHWM"]
            if time.monotonic() - began > PASSED_WITHIN:
                raise Failed(f"{done} of {wanted} passes within {PASSED_WITHIN:.0f} s")
            time.sleep(LOOK)
        seconds = time.monotonic() - began
        held = daemon.memory()
    each = seconds / wanted
    told = f"{before:.0f} MiB at the start, {half:.0f} up to half of the passes"
    remark = f"at most; {told}; {each:.2f} s a pass"
    return Row(f"memory, {POLLS} polls of {ITEMS:,} items", "MiB", held["VmHWM"], below=MOST, remark=remark)


def _ingest(stand: Stand, store: Path, port: int, pace: dict[int, float]) -> Round:
    """Events a second that relay answers while polls go on at that pace."""
    asked = one_target(stand.sink_port) + tables(port, pace)
    with stand.relay(store, asked) as daemon:
        daemon.pause()
        before = passes(port)
        round_ = posted_to(stand, daemon, daemon.port)
        if passes(port) == before:
            raise Failed("no pass ended while events were posted")
        return round_


def tables(port: int, pace: dict[int, float]) -> str:
    """All polls that sleep; `pace`: further ones, and the seconds between two passes of each."""
    parts = [API.format(number=number, port=port) for number in range(APIS)]
    for number in [*range(POLLS), *pace]:
        every = int(pace.get(number, IDLE) * 1000)
        start = "all" if number < AT_ONCE else "now"
        parts.append(POLL.format(number=number, api=number % APIS, every=every, start=start))
    return "".join(parts)


def passes(port: int) -> int:
    """How many lists were read to their end so far."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/passes")
        return int(connection.getresponse().read())
    finally:
        connection.close()


# the lists


class Lists:
    """One list for all who ask, made once."""

    def __init__(self) -> None:
        now = SystemClock().now()
        self.passes = 0
        self._pages = [self._page(first, now) for first in range(0, ITEMS, PAGE)]

    def _page(self, first: int, now: int) -> bytes:
        rows = [
            {"id": f"item-{n:05d}", "time": rfc3339(now - (ITEMS - n) * SECOND), "text": "x" * PADDING}
            for n in range(first, first + PAGE)
        ]
        following = first + PAGE
        more = f"/list?from={following}" if following < ITEMS else None
        return json.dumps({"rows": rows, "next": more}).encode()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/passes":
            return web.Response(text=str(self.passes))
        page = int(request.query.get("from", "0")) // PAGE
        self.passes += page == len(self._pages) - 1
        return web.Response(body=self._pages[page], content_type="application/json")


async def serve() -> None:
    """Serve until standard input ends."""
    runner = web.ServerRunner(web.Server(Lists().answer), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
        async for _ in lines():
            pass
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
