"""Taking a page: which of its items are news, with the store's word on what is known."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from relay.clock import Clock
from relay.poll.definition import Poll
from relay.poll.gathered import Gathered, poison_id
from relay.poll.item import Listed, Payload, Poison, list_item, payload, time_of
from relay.poll.page import Page
from relay.store.progress import Item
from relay.template import Unfit

TURN: Final = 200
"""Items after which others have their turn."""
Known: TypeAlias = Callable[[Sequence[str]], Awaitable[Mapping[str, Item]]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page was."""

    times: list[int | None]
    """Of each item, as far as they are known."""
    known: bool
    """All of its items were known before the pass."""


@dataclass(slots=True)
class Taker:
    """Takes pages into what was gathered."""

    poll: Poll
    clock: Clock
    known: Known

    async def take(self, page: Page, got: Gathered) -> Taken:
        """Gather the page's items. Unfit where every one of them cannot be used: its shape has changed."""
        listed, poisons, times = await self._sorted(page, got)
        before = await self.known([item.id for item in listed])
        fresh = await self._news(listed, before, got, poisons)
        if poisons and len(poisons) == len(page.items):
            raise Unfit(f"none of its {len(poisons)} items can be used: {poisons[0].error}")
        for item, one, made in fresh:
            got.add(item, one, made, detailed=self.poll.detail is not None)
        await self._refuse(poisons, got)
        got.found += len(page.items)
        known = bool(listed) and not poisons and not fresh and all(one.id in before for one in listed)
        return Taken(times, known)

    async def _sorted(self, page: Page, got: Gathered) -> tuple[list[Listed], list[Poison], list[int | None]]:
        """The page's items that are for this pass, those that cannot be told apart, and the times of all."""
        listed: list[Listed] = []
        poisons: list[Poison] = []
        times: list[int | None] = []
        for number, scope in enumerate(page.scopes(), 1):
            if number % TURN == 0:
                await self.clock.sleep(0)
            found = list_item(self.poll.reading, scope)
            if isinstance(found, Poison):
                poisons.append(found)
                times.append(None)
                continue
            time = time_of(self.poll.reading, scope) if found is None else found.time
            times.append(time)
            if got.span.leaves(time):
                continue
            got.times += [] if time is None else [time]
            listed += [] if found is None else [found]
        return listed, poisons, times

    async def _news(
        self, listed: list[Listed], before: Mapping[str, Item], got: Gathered, poisons: list[Poison]
    ) -> list[tuple[Item, Listed, Payload]]:
        """Those that are news; one that cannot be made an event joins the poisons."""
        fresh = []
        for number, one in enumerate(listed, 1):
            if number % TURN == 0:
                await self.clock.sleep(0)
            item = got.judge(one, before)
            if item is None:
                continue
            made = payload(self.poll.reading, one, detailed=self.poll.detail is not None)
            if isinstance(made, Poison):
                poisons.append(made)
            else:
                got.items[one.id] = item
                fresh.append((item, one, made))
        return fresh

    async def _refuse(self, poisons: list[Poison], got: Gathered) -> None:
        """Each is told once."""
        if not poisons:
            return
        before = await self.known([poison_id(poison) for poison in poisons])
        for poison in poisons:
            name = poison_id(poison)
            if name not in before and name not in got.items:
                got.refuse(poison)
            got.items[name] = Item(name, got.at)
