"""What happens to a store, in the words of the house: events come, are claimed, and end."""

import asyncio
from collections.abc import Sequence
from typing import Any

from relay.delivery import Attempt, Dead, Delivered, Delivery, Outcome, Retry, Settlement, Wait
from relay.event import Event
from relay.route import Planned
from relay.store.progress import Advance, Item, Watch
from relay.store.protocol import Entry, EventView, Outbox, Query, Receipt, Replan, Store
from tests.clock import START
from tests.eventually import PATIENCE


def entry(store: Outbox, key: str | None = None, *, to: Sequence[str] = ("billing",), **said: Any) -> Entry:
    """An event of source `shop` received `at`, owed by route `all` to each of `to`, or as `planned`."""
    at = said.pop("at", START)
    given: dict[str, Any] = {"source": "shop", "type": "order.paid", "via": "webhook", "body": b'{"n": 1}'}
    planned = said.pop("planned", None) or tuple(Planned("all", target) for target in to)
    watches = tuple(said.pop("watches", ()))
    given |= {"received": at, "key": key} | said
    return Entry(Event(id=store.next_id(at), **given), planned, watches)


def in_order(key: str | None, *targets: str) -> tuple[Planned, ...]:
    """Owed to `targets` (none named: billing), of order `key` there."""
    return tuple(Planned("all", target, order=key) for target in targets or ("billing",))


async def put(store: Outbox, key: str | None = None, **said: Any) -> Receipt:
    """One event in a transaction of its own."""
    (receipt,) = await store.append([entry(store, key, **said)])
    return receipt


async def put_many(store: Outbox, count: int, **said: Any) -> list[str]:
    """`count` events without keys at once; their ids."""
    return [receipt.id for receipt in await store.append([entry(store, **said) for _ in range(count)])]


async def claimed(
    store: Outbox, target: str = "billing", count: int = 100, now: int = START
) -> list[Delivery]:
    """What is claimed once the store has read what it wants to read."""
    woken = asyncio.Event()
    store.listen(lambda targets: woken.set() if target in targets else None)
    while True:
        due = store.due_at(target, now)
        deliveries = await store.claim(target, count, now)
        if deliveries or due is None or due > now:
            return deliveries
        await asyncio.wait_for(woken.wait(), PATIENCE)
        woken.clear()


async def caught_up(store: Outbox, target: str = "billing") -> None:
    """Nothing is due, and what comes from now on is at hand without reading."""
    assert await claimed(store, target) == []


async def claimed_all(store: Outbox, target: str = "billing", now: int = START) -> list[Delivery]:
    """Claim until nothing is due."""
    deliveries: list[Delivery] = []
    while some := await claimed(store, target, now=now):
        deliveries += some
    return deliveries


def settlement(delivery: Delivery, outcome: Outcome, status: int | None = None, **said: Any) -> Settlement:
    """What became of the next attempt."""
    given: dict[str, Any] = {"at": START, "seconds": 0.25, "error": said.pop("error", None)} | said
    return Settlement(delivery, outcome, Attempt(delivery.attempts + 1, status=status, **given))


async def settled(store: Store, deliveries: Sequence[Delivery], outcome: Outcome, **said: Any) -> None:
    """All of them ended like this, and it is on disk."""
    store.settle([settlement(delivery, outcome, **said) for delivery in deliveries])
    await asyncio.wait_for(store.flush(), PATIENCE)


async def delivered(store: Store, target: str = "billing", now: int = START) -> list[str]:
    """Deliver all that is due; the ids of the events."""
    deliveries = await claimed_all(store, target, now)
    await settled(store, deliveries, Delivered(), status=200)
    return [delivery.event.id for delivery in deliveries]


async def shown(store: Store, id: str) -> EventView:
    """One event whole, which must be there."""
    event = await store.show(id)
    assert event is not None
    return event


async def found(store: Store, **filters: Any) -> list[str]:
    """The ids of the events that a query finds, newest first."""
    return [event.id for event in (await store.find(Query(**filters))).events]


async def states(store: Store, id: str) -> list[str]:
    """The event's state, then that of each of its deliveries."""
    event = await shown(store, id)
    return [event.state, *[delivery.state for delivery in event.deliveries]]


async def sound(store: Store) -> None:
    """The sums match."""
    assert (await store.audit()).problems == ()


async def stored(store: Store, *entries: Entry, **moved: Any) -> list[Receipt]:
    """What a pass of poll `list` brought, and what it moved, in one append."""
    given: dict[str, Any] = {"poll": "list", "part": "", "state": "{}"} | moved
    return await store.append(entries, advance=Advance(**given))


def items(*ids: str, at: int = START, **said: Any) -> list[Item]:
    """They are listed at `at`."""
    return [Item(id, at, **said) for id in ids]


def watch(key: str = "42", **said: Any) -> Watch:
    """A thing of watch `parcel`, due at once, given up after an hour."""
    given: dict[str, Any] = {"name": "parcel", "started": START, "due": START}
    return Watch(key=key, **({"until": START + 3600 * 1_000_000} | given | said))


async def line(store: Store, *keys: str | None) -> list[str]:
    """Events of these keys, each in a transaction of its own; their ids."""
    return [(await put(store, planned=in_order(key))).id for key in keys]


async def together(store: Store, *keys: str | None) -> list[str]:
    """The same in one transaction."""
    entries = [entry(store, planned=in_order(key)) for key in keys]
    return [receipt.id for receipt in await store.append(entries)]


def ids_of(deliveries: list[Delivery]) -> list[str]:
    return [delivery.event.id for delivery in deliveries]


async def one(store: Store, now: int = START) -> Delivery:
    """What is due, which must be one."""
    (delivery,) = await claimed_all(store, now=now)
    return delivery


def replan(*planned: Planned) -> Replan:
    """Today's routes owe this to each event."""

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        return [planned for _ in events]

    return plans


DELIVERED = Delivered()
DEAD = Dead("schedule used up")
WAIT = Wait()


def retry(seconds: float, since: int = START) -> Retry:
    """Due again after `seconds`."""
    return Retry(since + round(seconds * 1_000_000))
