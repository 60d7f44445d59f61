"""What the rest of relay may ask of a store, in relay's own words. `tests/store/` is its contract suite.

Three parts over the same transactions: the outbox (the way of an event), the memory (what is known of
targets, polls and watches: `relay.store.progress`), the archive (looking, replaying, counting). Any of them
raises StoreUnavailable where a commit fails; a call that was cancelled may still have been carried out.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from relay.delivery import Delivery, Ended, Settlement
from relay.event import Event, Headers
from relay.route import Planned
from relay.store.progress import Advance, Json, Memory, Watch

Called: TypeAlias = Callable[[set[str]], None]


class Entry(NamedTuple):
    """An event, the deliveries it is owed, the watches it begins: stored together or not at all."""

    event: Event
    planned: tuple[Planned, ...]
    watches: tuple[Watch, ...] = ()
    """Begun only if the event is new. What is watched already goes on with what is known of it, for the
    newer event: `about`, `started`, `until` and `due` are these."""


class Receipt(NamedTuple):
    """What became of an entry: its event's id, or the id of the first one of that name."""

    id: str
    duplicate: bool = False


class Outbox(Protocol):
    """The way of an event: in, to an attempt, and settled."""

    def next_id(self, now: int) -> str:
        """A new event's id."""

    async def append(
        self, entries: Sequence[Entry], within: float | None = None, advance: Advance | None = None
    ) -> list[Receipt]:
        """Store `entries`, and what a pass moved, in one transaction; return when it is on disk.

        `within`: seconds; StoreUnavailable when the commit did not end by then, and what was not begun
        by then is not stored. A pass may bring any number of entries: what came without `advance` waits for
        one large pass at most.
        """

    async def claim(self, target: str, count: int, now: int) -> list[Delivery]:
        """At most `count` due at `target`, oldest due first; nobody else's until settled or released.

        Of one order (`Planned.order`) the first alone is due: the next one when that has ended, on disk.
        What was tried in one batch, and is due at one moment, comes as a whole, be it more than `count`.
        Fewer than `count`, though more may be due: it has begun to read them, and wakes `target` when it has.
        """

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """What became of claimed deliveries: written down with the next commit; kept while commits fail.

        Those of one `Settlement.batch` are written in one transaction.
        """

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """Give back claimed deliveries that were not tried; they stay due, in their place in the line."""

    def shelve(self, target: str) -> None:
        """Nothing will be claimed for `target` for a while: let go what is held in memory for it."""

    def due_at(self, target: str, now: int) -> int | None:
        """When something may be due at `target`: `now` for at once, None where nothing is known to come."""

    def listen(self, wake: Called, recall: Called | None = None) -> None:
        """Call `wake` where something has become due, `recall` where what was claimed is to be released."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events: every filter that is given must hold. Times in microseconds; `until` is exclusive."""

    ids: tuple[str, ...] = ()
    source: str | None = None
    type: str | None = None
    state: str | None = None
    """An event's state, or with `target` or `route` that delivery's."""
    target: str | None = None
    route: str | None = None
    key: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int = 100
    cursor: str | None = None
    """The `next` of the page before."""
    below: str | None = None
    """An id: only of events that came before the one that got it."""
    oldest_first: bool = False

    @property
    def narrows(self) -> bool:
        """Whether any filter is given at all."""
        mine = (self.ids, self.source, self.type, self.state, self.target, self.route, self.key)
        return any(mine) or self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as it is shown."""

    id: str
    route: str
    target: str
    state: str
    attempts: int
    next_at: int | None
    last_status: int | None
    last_error: str | None
    history: tuple[dict[str, Any], ...] = ()
    """Only of a single event: `{"n", "at", "seconds", "status", "error", "probe"}`, `at` in microseconds."""


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as it is shown; headers and body only of a single one."""

    id: str
    key: str | None
    source: str
    type: str
    via: str
    received_at: int
    occurred_at: int | None
    size: int
    state: str
    deliveries: tuple[DeliveryView, ...]
    headers: Headers | None = None
    body: bytes | None = field(default=None, repr=False)
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first, and where the next page begins (None: there is none)."""

    events: tuple[EventView, ...]
    next: str | None


Replan: TypeAlias = Callable[[Sequence[Event]], Awaitable[Sequence[tuple[Planned, ...]]]]
"""What unrouted events are owed by today's routes: a plan for each, in order. While it is awaited nothing is
held up; it may be asked several times for one page."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How to replay: `per_second` spaces the deliveries, `fresh` gives new idempotency keys."""

    now: int
    per_second: float | None = None
    before: int = 0
    """How many deliveries earlier pages of the same replay took: the pace counts on from there."""
    fresh: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many a replay or a discard took, and where the next page of them begins (None: all done)."""

    events: int
    deliveries: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class TargetStats:
    """Of one target, at one moment."""

    pending: int = 0
    oldest: int | None = None
    """When the oldest pending one's event was received, microseconds since 1970."""
    dead: int = 0
    dead_lately: int = 0
    """Dead since the moment that was asked for."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What health and metrics show of the store."""

    targets: Mapping[str, TargetStats]
    """By name; what has no target counts nowhere here."""
    size_bytes: int
    free_bytes: int
    """What the disk has free, with the pages that are free inside the store."""
    unusable: Mapping[str, TargetStats] = field(default_factory=dict[str, TargetStats])
    """Dead deliveries without a target, by route (`poll:NAME`): items that a poll could not use."""
    watches: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many things each watch watches."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The sums of contract 5, `GET audit`."""

    ok: bool
    events: Mapping[str, int]
    deliveries: Mapping[str, int]
    problems: tuple[str, ...]


class Archive(Protocol):
    """Looking and counting; it also works on a store that no daemon has (`open_archive`)."""

    async def find(self, query: Query) -> Page: ...

    async def show(self, id: str) -> EventView | None:
        """One event whole: headers, body, the history of each delivery. None: there is none."""

    async def stats(self, dead_since: int) -> Stats: ...
    async def audit(self) -> Audit: ...
    async def close(self) -> None: ...

    async def last_event(self, source: str) -> int | None:
        """When the newest event of `source` was received, microseconds since 1970; also if it was let go."""

    async def last_webhook(self, source: str) -> int | None:
        """The same of what the source sent itself: what polls brought does not count."""

    async def poll_states(self) -> Mapping[str, Mapping[str, Json]]:
        """What is remembered of polls, by poll and part."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether the store can be trusted with a new event right now."""

    answers: bool
    """The writer came back within its time, be it with an error (for the watchdog)."""
    failing: str | None
    """Why a commit would fail now, for people: full, locked, broken, hanging. None: it would not."""
    commit_seconds: float
    """How long the last commit took that ended well."""
    full: bool = False
    """`failing` holds for new events alone: room is short, but what becomes of deliveries is written down."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept, in seconds."""

    done: float
    """Delivered, skipped and unrouted events."""
    dead: float
    names: float
    """Ids, for de-duplication: at least this long."""


class Store(Outbox, Memory, Archive, Protocol):
    """A whole store."""

    path: str
    """Where it is, for people."""
    changed: Callable[[], None]
    """Called when `pulse().failing` may have changed."""

    def pulse(self) -> Pulse: ...

    @property
    def unsettled(self) -> int:
        """Settlements that wait for a commit."""

    async def replay(self, query: Query, how: Replay, replan: Replan) -> Count:
        """Make the deliveries of what `query` finds due again, at most `query.limit` events of it.

        Event by event, oldest first; with `target`, `route` or `state` only such deliveries. An unrouted
        event is planned anew by `replan`. What enrichments answered for these events is forgotten.
        """

    async def discard(self, query: Query, now: int, *, dry_run: bool = False) -> Count:
        """Make the pending deliveries of what `query` finds dead, at most `query.limit` events of it."""

    async def end_old(self, target: str, born_before: int, reason: str, now: int) -> Ended:
        """Make dead what is pending at `target`, born before that, not being tried: some hundreds at once."""

    async def prune(self, keep: Keep, now: int) -> bool:
        """Let a slice of what is older than `keep` go; whether more may be there."""

    async def shed(self) -> bool:
        """The disk is nearly full: let a slice of the oldest done events go early; whether one went."""

    @property
    def short_of_disk(self) -> bool:
        """Less than the configured floor is free."""

    @property
    def free_bytes(self) -> int | None:
        """What was free at the last look, which is one each second; None: there was none yet."""
