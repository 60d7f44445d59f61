"""The events that a watch makes: of what was said of its things, and of items that cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.delivery import State
from relay.event import Event
from relay.http.document import written
from relay.poll.events import JSON, NOBODY, POISON, VIA
from relay.poll.gathered import poison_id
from relay.poll.item import Poison
from relay.poll.watch import WatchDefinition
from relay.poll.watch_answer import Told
from relay.route import Planned
from relay.store.protocol import Entry
from relay.template import Unfit
from relay.text import key_text, type_text


@dataclass(frozen=True, slots=True)
class WatchMaker:
    """Makes the events of one pass; they are received at `now` (microseconds, our own clock)."""

    watch: WatchDefinition
    next_id: Callable[[int], str]
    now: int

    def told(self, told: Told) -> Event:
        return self._event(told.key, told.payload.type, told.payload.body, told.time)

    def poison(self, poison: Poison) -> Entry:
        """It is kept, and owed to nobody."""
        name = self.watch.list_name
        event = self._event(f"{poison_id(poison)}:{name}", POISON, _poison_body(self.watch.name, poison))
        return Entry(event, (Planned(name, NOBODY, State.DEAD, type_text(poison.error)),))

    def _event(self, key: str, type_: str, body: bytes, occurred: int | None = None) -> Event:
        id, source = self.next_id(self.now), self.watch.source
        return Event(id, source, key_text(key), type_, VIA, self.now, body, JSON, occurred=occurred)


def _poison_body(watch: str, found: Poison) -> bytes:
    """What is kept of an item: where it came from, what is wrong, and all of it."""
    item = (found.scope.exact or found.scope.plain)["item"]
    told = {"watch": watch, "error": found.error}
    try:
        return written(told | {"item": item})
    except Unfit:
        return written(told | {"item": repr(item)[: 1 << 16].encode("utf-8", "replace").decode()})
