"""What a store remembers between two moments: of targets, and how far polls and watches have come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from relay.target import TargetState

Json: TypeAlias = str
"""A JSON document as text: the store keeps it and never looks into it, and nobody changes it meanwhile."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a poll's list held."""

    id: str
    at: int
    """When it was last listed, microseconds since 1970; as it was read, up to `Advance.refresh` too old."""
    digest: bytes | None = None
    """Of what `change` gave for it when it was last listed; None where nothing is compared."""
    n: int = 0
    """How often that changed: the `n` of the key `id#n`."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A thing that is asked for until it has come to an end. Times in microseconds since 1970."""

    name: str
    """Of the `[watch.NAME]`."""
    key: str
    """Of the thing: one `name` and `key` is watched once."""
    started: int
    until: int
    """When it is given up."""
    due: int
    """When it is asked for next."""
    about: Json = "{}"
    """What its templates need of the event that began it."""
    state: Json = "{}"
    """What is known of it by now."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What a pass moves, in the transaction that stores its events."""

    poll: str
    """Whose state and items these are: a poll's name, or any other that is nobody else's."""
    part: str
    """One combination of `each`; `""` where there is none."""
    state: Json
    items: Sequence[Item] = ()
    """What the list held; new ones are learnt, known ones brought up to date."""
    refresh: int = 0
    """Microseconds: an item that is as it was is written again only if it was last written longer ago, so
    that a list that hardly changes is hardly written."""
    moved: Sequence[Watch] = ()
    """`due` and `state` are taken over; a watch that is gone stays so."""
    ended: Sequence[Watch] = ()
    """They go, but for one that a later event has begun again since (its `started` is another)."""
    items_of: str | None = None
    """The part whose list `items` are of; None: `part`."""


class Memory(Protocol):
    """What is known of targets, polls and watches, over restarts."""

    def target_state(self, name: str) -> TargetState:
        """What is remembered of target `name`, at hand in memory."""

    def target_names(self) -> set[str]:
        """Every target of which something is remembered."""

    def remember(self, name: str, state: TargetState) -> None:
        """Know this of a target from now on, and write it down with the next commit."""

    async def flush(self) -> None:
        """Return when all that was remembered and settled so far is on disk."""

    # enrichments

    async def answers(self, event: str) -> Mapping[str, Json]:
        """What was kept for an event, by name; also what is not on disk yet."""

    def keep_answer(self, event: str, name: str, answer: Json) -> None:
        """Know this for an event from now on, and write it down with the next commit.

        Kept while commits fail; gone when the event is, and when one of its deliveries is replayed by hand.
        """

    # polls

    def poll_names(self) -> set[str]:
        """Every poll of which something is remembered."""

    def poll_parts(self, poll: str) -> set[str]:
        """The parts of `poll` of which something is remembered."""

    def poll_state(self, poll: str, part: str = "") -> Json | None:
        """What is remembered of a part, at hand in memory; None: it never came to anything."""

    def remember_poll(self, poll: str, part: str, state: Json) -> None:
        """Know this of a part from now on, and write it down with the next commit.

        An `Advance` of the same part that is on its way wins: say either the one or the other.
        """

    async def items(self, poll: str, part: str, ids: Iterable[str]) -> Mapping[str, Item]:
        """Those of `ids` that were ever listed, and are not forgotten."""

    async def known_names(self, source: str, names: Iterable[str]) -> set[str]:
        """Those of `names` by which an event of `source` is known: what comes by one of them is a duplicate.

        Looked up one by one, however many events there are; also of events that were let go.
        """

    async def forget_poll(self, poll: str, part: str | None = None) -> None:
        """Forget state and items of a part, or of all of them; events and their names stay.

        Slice by slice, the state last: one that was cut short may be asked for again. No pass may be on
        its way meanwhile.
        """

    async def forget_items(self, poll: str, before: int, part: str | None = None) -> bool:
        """Let a slice of the items go that were last written before `before`; whether more may be there.

        Of a part, or of all of them.
        `before` has to lie further back than any `Advance.refresh`, or listed ones go, too.
        """

    # watches

    def watch_names(self) -> set[str]:
        """Every watch that watches something."""

    def watch_due(self, watch: str) -> int | None:
        """When the next thing of `watch` is to be asked for, at hand in memory; None: it watches nothing."""

    def listen_watches(self, wake: Callable[[set[str]], None]) -> None:
        """Call `wake` with the names of watches whose `watch_due` may have changed."""

    async def due_watches(self, watch: str, now: int, limit: int) -> Sequence[Watch]:
        """At most `limit` things of `watch` that are due, the oldest due first."""

    async def forget_watches(self, watch: str) -> None:
        """Watch nothing of `watch` any more; slice by slice."""
