"""What the pages of an answer say of the things that were asked for: what of it is news, and what is over.

A thing may be named by several items of an answer. It is news where one of them has a value of `change` that
none had in the answer before: so A, then B, then A again are three events, and two items that stay as they
are make no event after their first.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from relay.clock import Clock
from relay.expression.errors import ExpressionError
from relay.poll.gathered import poison_id
from relay.poll.item import Listed, Payload, Poison, Scope, list_item, payload
from relay.poll.page import Page, page_of
from relay.poll.take import TURN
from relay.poll.watch import WatchDefinition
from relay.poll.watch_state import recalled
from relay.store.progress import Item, Watch
from relay.template import Unfit

MOST_VALUES: Final = 1_000
"""Values of `change` that the items of one thing may have at the same time."""
_DIGEST: Final = 16
_NAMELESS: Final = "sha256:"
"""What begins the name of an item that has no id of its own."""
UNTIL: Final = "until"
FAIL: Final = "fail"


@dataclass(frozen=True, slots=True)
class Told:
    """An event that is to be made."""

    key: str
    time: int | None
    payload: Payload = field(repr=False)


@dataclass(slots=True)
class Said:
    """What was said of one thing."""

    before: Item | None
    """What was remembered of it."""
    values: set[bytes] = field(default_factory=set)
    """Of `change`, in this answer."""
    news: int = 0
    over: str = ""
    """UNTIL or FAIL: it has come to its end."""

    @property
    def known(self) -> set[bytes]:
        """The values of the answer before; they stand one behind the other in the item's digest."""
        kept = (self.before and self.before.digest) or b""
        return {kept[at : at + _DIGEST] for at in range(0, len(kept), _DIGEST)}


@dataclass(frozen=True, slots=True)
class _Reading:
    """Watches for which an answer is read with the same variables."""

    variables: Mapping[str, Any] = field(repr=False)
    keys: frozenset[str]


class Answer:
    """Gathers what is said of the things of one batch, page by page."""

    def __init__(
        self, watch: WatchDefinition, batch: Sequence[Watch], before: Mapping[str, Item], clock: Clock
    ) -> None:
        self.said = {one.key: Said(before.get(one.key)) for one in batch}
        self.poisons: dict[str, Poison] = {}
        self.trouble: dict[str, str] = {}
        """Of `until` and `fail`: why it could not be told whether they hold."""
        self.bytes = 0
        self._watch, self._clock, self._at = watch, clock, clock.now()
        self._readings = list(_readings(watch, batch))
        self._told: list[Told] = []
        self._sound = False

    async def take(self, page: Page) -> None:
        """Gather a page. Unfit where none of its items can be used: its shape has changed."""
        poisons: list[Poison] = []
        self._sound = False
        for one in self._readings:
            await self._clock.sleep(0)
            async for scope in self._scopes(page, one):
                poisons += self._take_item(scope, one.keys)
        if poisons and not self._sound:
            raise Unfit(f"none of its {len(page.items)} items can be used: {poisons[0].error}")
        self.poisons |= {poison_id(poison): poison for poison in poisons}

    async def _scopes(self, page: Page, one: _Reading) -> AsyncIterator[Scope]:
        """The items of a page, read with the variables of those it is read for; others have their turn."""
        if len(self._readings) > 1:
            page = page_of(self._watch.reading, _with(page.scope, one.variables))
        for number, scope in enumerate(page.scopes(), 1):
            if number % TURN == 0:
                await self._clock.sleep(0)
            yield scope

    def _take_item(self, scope: Scope, keys: frozenset[str]) -> list[Poison]:
        """What of it cannot be used."""
        found = list_item(self._watch.reading, scope)
        if isinstance(found, Poison):
            return [found] if found.id in keys or self._is_nameless(found) else []
        if found is None or found.id not in self.said:
            self._sound = True
            return []
        return self._judge(self.said[found.id], found) if found.id in keys else []

    def _is_nameless(self, poison: Poison) -> bool:
        return poison.id.startswith(_NAMELESS) and poison.id not in self.said

    def _judge(self, said: Said, listed: Listed) -> list[Poison]:
        over = self._over(listed.scope)
        if self._is_news(said, listed, over):
            made = payload(self._watch.reading, listed)
            if isinstance(made, Poison):
                return [made]
            self._tell(said, listed, made)
        self._sound = True
        if listed.digest is not None:
            said.values.add(listed.digest)
        if len(said.values) > MOST_VALUES:
            raise Unfit(f"more than {MOST_VALUES} values of change for one key")
        said.over = FAIL if FAIL in (over, said.over) else over or said.over
        return []

    def _over(self, scope: Scope) -> str:
        """FAIL, UNTIL or neither. Without `change` and an end the first item is the last."""
        for word, program in ((FAIL, self._watch.fail), (UNTIL, self._watch.until)):
            try:
                if program is not None and program.holds(scope.plain):
                    return word
            except ExpressionError as error:
                self.trouble[word] = str(error)
        return "" if self._watch.ends or self._watch.reading.change is not None else UNTIL

    def _is_news(self, said: Said, listed: Listed, over: str) -> bool:
        """Without `change` a thing makes one event in its life, of the item that ends it."""
        if listed.digest is None:
            return bool(over) and said.before is None and not said.news
        return listed.digest not in said.values and listed.digest not in said.known

    def _tell(self, said: Said, listed: Listed, made: Payload) -> None:
        said.news += 1
        self._told.append(Told(listed.id, listed.time, made))
        self.bytes += len(made.body)

    # at the end

    def told(self) -> Iterator[Told]:
        """The events, oldest first, with the keys that they get: with `change` `id#n`."""
        n = {key: said.before.n if said.before else 0 for key, said in self.said.items()}
        for one in sorted(self._told, key=lambda told: self._at if told.time is None else told.time):
            n[one.key] += 1
            yield one if self._watch.reading.change is None else replace(one, key=f"{one.key}#{n[one.key]}")

    def items(self, *, whole: bool) -> list[Item]:
        """What is to be remembered. Of an answer that is not whole, what it did not say stays as it was."""
        return [
            self._item(key, said, whole=whole) for key, said in self.said.items() if said.values or said.news
        ]

    def _item(self, key: str, said: Said, *, whole: bool) -> Item:
        n = (said.before.n if said.before else 0) + said.news
        values = said.values if whole else said.values | said.known
        return Item(key, self._at, b"".join(sorted(values)) or None, n)


def _readings(watch: WatchDefinition, batch: Sequence[Watch]) -> Iterator[_Reading]:
    """Those of the same `event` and `started`, as far as these are named where an answer is read."""
    alike: dict[Any, list[Watch]] = {}
    for one in batch:
        alike.setdefault(_event_of(one, watch.reads_by), []).append(one)
    for same in alike.values():
        yield _Reading(recalled(same[0]), frozenset(one.key for one in same))


def _event_of(watch: Watch, names: frozenset[str]) -> tuple[int, str]:
    """What tells its event from others, as far as `names` can tell."""
    return watch.started if names else 0, watch.about if "event" in names else ""


def batches(watch: WatchDefinition, due: Sequence[Watch], alone: frozenset[str]) -> list[list[Watch]]:
    """Which of them share a request: those whose events make no difference in it, but for those `alone`."""
    shared: dict[Any, list[Watch]] = {}
    for one in due:
        mine = (one.key if one.key in alone else "", *_event_of(one, watch.asks_by))
        shared.setdefault(mine, []).append(one)
    return list(shared.values())


def _with(scope: Scope, variables: Mapping[str, Any]) -> Scope:
    exact = None if scope.exact is None else {**scope.exact, **variables}
    return Scope({**scope.plain, **variables}, exact)
