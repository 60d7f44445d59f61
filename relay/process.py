"""The process that a daemon lives in: its event loop, its garbage collector, its signals."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

from relay.errors import RelayError

log = structlog.get_logger()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where the extra is installed; None for asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415  an extra: used where it is there
    except ImportError:
        return None
    factory: Any = uvloop.new_event_loop
    return factory  # type: ignore[no-any-return]  # uvloop's types are incomplete


def spare_collector() -> None:
    """What is there now stays: the collector need not look at it again, nor for little things that often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Signals:
    """SIGTERM and SIGINT stop, and the second one ends at once; SIGHUP reloads."""

    def __init__(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self._stop = stop
        self._asked = False
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ask)
        loop.add_signal_handler(signal.SIGINT, self._ask)
        loop.add_signal_handler(signal.SIGHUP, reload)

    def _ask(self) -> None:
        if self._asked:
            log.warning("relay.ended-at-once")
            os._exit(1)
        self._asked = True
        self._stop()


class Loops:
    """Loops that live as long as the daemon: where one of them fails, so does the daemon."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._failure: str | None = None

    def keep(self, stack: AsyncExitStack, loop: Coroutine[None, None, None]) -> None:
        """Run `loop` until `stack` is unwound to here."""
        task = asyncio.ensure_future(loop)
        task.add_done_callback(self._ended)
        stack.push_async_callback(_end, task)

    def confess(self) -> None:
        """RelayError where one has failed."""
        if self._failure is not None:
            raise RelayError(self._failure)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            log.critical("relay.failed", exc_info=error)
            self._failure = f"an error of relay's own: {error!r}"
            self._failed()


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
