"""Reading a stretch of the past again, by hand: what of it is unknown becomes events."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Final

from relay.clock import micros
from relay.config.poll import PollConfig
from relay.http.budget import Need
from relay.poll.cursor import Span
from relay.poll.definition import Part
from relay.poll.run import Runner

Forget = Callable[[str, str], Awaitable[None]]
"""Forgets a part of a poll."""
SUFFIX: Final = "#backfill"
"""Behind a part's name: a state of its own, so that the poll itself stays where it is."""


@dataclass(slots=True)
class Backfill:
    """One that runs, or ran last. Times in microseconds since 1970."""

    since: int
    until: int
    share: float = 0.0
    """How much of it is read."""
    new: int = 0
    known: int = 0
    error: str = ""
    done: bool = False

    async def run(self, runners: Sequence[Runner], forget: Forget, locks: Sequence[Lock] = ()) -> None:
        """Each part over all of the stretch, in the poll's windows; the first that fails ends it.

        `locks`: those of the polls' own passes. Where items are compared, the two must not count at once.
        """
        for n, runner in enumerate(runners):
            part = apart(runner)
            compares = runner.poll.config.change is not None and n < len(locks)
            await forget(part.poll.name, part.part.name)
            await self._part(part, n, len(runners), locks[n] if compares else nullcontext())
            if self.error:
                return

    async def _part(self, runner: Runner, n: int, of: int, alone: AbstractAsyncContextManager[None]) -> None:
        for span in spans(runner.poll.config, self.since, self.until, runner.clock.now()):
            async with alone:
                passed = await runner.run(reading=span)
            self.new, self.known = self.new + passed.new, self.known + passed.known
            self.error = passed.error
            if passed.error:
                return
            self.share = (n + (span.until - self.since) / max(1, self.until - self.since)) / of


def apart(runner: Runner) -> Runner:
    """The same with a state of its own, though not a list, asking only when nobody else does."""
    asking = replace(runner.asking, manner=replace(runner.asking.manner, need=Need.BACKFILL))
    part = Part(f"{runner.part.name}{SUFFIX}", runner.part.each)
    return replace(runner, asking=asking, part=part, list_part=runner.part.name)


def spans(config: PollConfig, since: int, until: int, now: int) -> Iterator[Span]:
    """The stretch as the passes that read it, oldest first."""
    longest = until - since if config.window is None else micros(config.window)
    while since < until:
        end = min(until, since + longest)
        yield Span(now, since, end, floor=since, ceiling=end, strict=True)
        since = end
