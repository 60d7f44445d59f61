"""What is asked, and how often, where nobody tells: polls, and watches on single things.

`path query headers json form` are templates: texts that may hold `${CEL}`. `items id type time data keep` and
`change next check wait on keys until fail` are CEL. `relay.poll` compiles both.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    WithJsonSchema,
)
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.request import Param, Path, RequestConfig
from relay.config.table import Table, default
from relay.config.types import (
    Duration,
    PositiveDuration,
    SourceName,
    fault,
    parse_duration,
    quoted,
)
from relay.moment import moment

START_HINT: Final = '"now", "all", a span such as "-7d", or a time such as "2026-01-01T00:00:00Z"'


@dataclass(frozen=True, slots=True)
class Start:
    """Where a first pass begins: at `at`, or `ago` before now; neither: at the beginning of all."""

    ago: float | None = None
    """Seconds."""
    at: int | None = None
    """Microseconds since 1970."""
    mark: bool = False
    """What is there already is no news."""


def _start(value: object) -> Start:
    if isinstance(value, Start):
        return value
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise fault("is no start", START_HINT)
    if value == "now":
        return Start(ago=0, mark=True)
    if value == "all":
        return Start()
    if value.startswith("-"):
        return Start(ago=parse_duration(value[1:]))
    at = moment(value) if value[4:5] == "-" else None
    if at is None:
        raise fault(f"{quoted(value)} is no start", START_HINT)
    return Start(at=at)


StartWord = Annotated[
    Start,
    PlainValidator(_start),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^(now|all|-.+|[0-9]{4}-.+)$"}),
]


class DetailConfig(Table):
    """One more request for each item that is new and kept, where the list tells too little."""

    path: Path
    """A template, as the poll's own, that may name `item`."""
    query: dict[Str, Param] = Field(default={})
    data: Str = "body"
    """CEL: the event's body, out of the answer."""


class GapConfig(Table):
    """The poll sleeps, and asks for what a webhook source may have missed."""

    silence: PositiveDuration | None = None
    """The source is silent for longer: ask. Default: the source's `expect_every`."""
    on_start: StrictBool = False
    """At each start of the daemon, too."""
    audit: PositiveDuration | None = None
    """So often in any case: a webhook that was lost alone leaves no silence behind it."""


def _gap(value: object) -> object:
    return None if value is False else value


class ListingConfig(RequestConfig):
    """What is asked and what is read from its answer: of a poll as of a watch."""

    preset: Str | None = None
    """A table that relay brings, by name; what stands beside it replaces its keys."""
    source: SourceName | None = None
    """Whose events they are, and with whose ids they are compared; default: the table's own name."""
    items: Str
    """CEL to the list of items."""
    id: Str
    """CEL to the item's own name: a text; a number is written as decimal."""
    type: Str | None = None
    """CEL to the event's type; default: the table's name."""
    time: Str | None = None
    """CEL to when it happened; null: unknown."""
    data: Str = "item"
    """CEL to the event's body."""
    keep: Str | None = None
    """CEL: which items; default: all."""
    change: Str | None = None
    """CEL to a value: the item is news each time that it is another one."""
    next: Str | None = None
    """CEL to the next page: null or [] ends, a text is its URL, a map is merged into the first request."""
    max_pages: Annotated[Int, Field(ge=1, le=100_000)] = 100
    every: PositiveDuration = default("1m")
    """How often, while there is news."""
    idle: PositiveDuration = default("15m")
    """How often at least, while there is none."""


class PollConfig(ListingConfig):
    """A list that is read again and again: what is new in it is an event."""

    each: dict[Str, Annotated[tuple[Str, ...], Field(min_length=1)]] = Field(default={})
    """Lists of values: one request and one cursor for each combination of them."""
    detail: DetailConfig | None = None
    order: Literal["newest", "oldest", "any"] = "any"
    """How the list is sorted, by `time`."""
    start: StartWord = default("now")
    """Where the first pass begins; "now": what is there already is no news."""
    overlap: Duration = default("10m")
    """How far before the newest item each pass reads again, for what appears late."""
    lag: Duration = default("0s")
    """Items younger than this are left for later."""
    window: PositiveDuration | None = None
    """The longest span of one pass."""
    retention: PositiveDuration | None = None
    """How long the provider keeps the list."""
    gap: Annotated[GapConfig | None, BeforeValidator(_gap, GapConfig | Literal[False])] = None
    """What a webhook source may have missed; false: a plain poll, though its preset fills gaps."""


class WatchConfig(ListingConfig):
    """A thing that is asked after, from an event on, until it has come to its end."""

    on: Str
    """CEL over the event: which ones begin a watch."""
    keys: Str
    """CEL over the event: a list of texts, a watch of its own for each."""
    batch: Annotated[Int, Field(ge=1, le=1000)] = 1
    """How many keys one request may ask for."""
    until: Str | None = None
    """CEL over an item: its watch is over."""
    fail: Str | None = None
    """CEL over an item: its watch is over, and ended badly."""
    within: PositiveDuration = default("30d")
    """After this it is given up."""
