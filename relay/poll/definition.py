"""A poll as its table defines it: every expression and template compiled once, or all that is wrong there."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final, Protocol
from urllib.parse import quote

from relay.config.poll import DetailConfig, ListingConfig, PollConfig
from relay.errors import Problem
from relay.expression.environment import Program
from relay.http.compiler import Compiler, request_template
from relay.http.question import RequestTemplate
from relay.poll.variables import environment, named


@dataclass(frozen=True, slots=True)
class Reading:
    """What is taken out of an answer."""

    format: str
    items: Program
    id: Program
    data: Program
    kind: str
    """The type of events for which `type` says none."""
    type: Program | None = None
    time: Program | None = None
    keep: Program | None = None
    change: Program | None = None
    next: Program | None = None


class Listing(Protocol):
    """What pages are read of: a poll's list, or what is said of the things of a watch."""

    @property
    def config(self) -> ListingConfig: ...

    @property
    def request(self) -> RequestTemplate: ...

    @property
    def reading(self) -> Reading: ...

    @property
    def realm(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Detail:
    """One more request for an item, and what of its answer is the event's body."""

    request: RequestTemplate
    data: Program


@dataclass(frozen=True, slots=True)
class Part:
    """One combination of `each`, with a cursor of its own."""

    name: str
    """`channel=C024BE91L`; `""` where there is no `each`."""
    each: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll, ready to be run."""

    name: str
    config: PollConfig
    request: RequestTemplate
    reading: Reading
    parts: tuple[Part, ...]
    detail: Detail | None = None
    check: Program | None = None
    wait: Program | None = None
    realm: str = field(default="", repr=False)
    """What tells one login at the api from another: an ETag of the one says nothing to the other."""

    @property
    def source(self) -> str:
        """Whose events its items are."""
        return self.config.source or self.name

    @property
    def words(self) -> str:
        """A digest of what names its items: where it is another, all that is listed is news."""
        text = f"{self.config.id}\0{self.config.change}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def moves(self) -> bool:
        """Whether its request asks for what is new, so that the end of the list is the end of the range."""
        return bool(self.request.names & {"since", "cursor"})


def compiler(kind: str, name: str) -> Compiler:
    """Compiles a table over what expressions of a `poll`, or of a `watch`, may name."""
    watch = kind == "watch"
    return Compiler((kind, name), lambda stage: (environment(stage, watch=watch), named(stage, watch=watch)))


_TRUE: Final = "true"
"""What stands in for an expression that does not compile: nothing runs while there is a problem."""


def compile_poll(name: str, config: PollConfig, realm: str = "") -> Poll | list[Problem]:
    """The poll of a table, or every problem in its expressions."""
    found = compiler("poll", name)
    poll = Poll(
        name,
        config,
        request_template(config, found),
        reading(name, config, found),
        tuple(parts(config.each)),
        _detail(config.detail, found),
        found.verdict("check", config.check),
        found.verdict("wait", config.wait),
        realm,
    )
    return found.problems or poll


def reading(name: str, config: ListingConfig, found: Compiler) -> Reading:
    """What a table takes out of an answer."""
    nothing = environment("item").compile(_TRUE)
    return Reading(
        config.format,
        found.program(("items",), config.items, "answer") or nothing,
        found.program(("id",), config.id, "item") or nothing,
        found.program(("data",), config.data, "item") or nothing,
        name,
        found.optional("type", config.type, "item"),
        found.optional("time", config.time, "item"),
        found.optional("keep", config.keep, "item"),
        found.optional("change", config.change, "item"),
        found.optional("next", config.next, "items"),
    )


def _detail(config: DetailConfig | None, found: Compiler) -> Detail | None:
    if config is None:
        return None
    path = found.template(("detail", "path"), config.path, "item")
    query = found.tree(("detail", "query"), config.query, "item")
    data = found.program(("detail", "data"), config.data, "item")
    return None if data is None else Detail(RequestTemplate("GET", path, query), data)


def parts(each: Mapping[str, tuple[str, ...]]) -> Iterator[Part]:
    """Every combination of its values; without any, the one part that there is."""
    for values in product(*each.values()):
        chosen = dict(zip(each, values, strict=True))
        # a value of any text is told apart from the next key
        yield Part(",".join(f"{key}={quote(value, safe='/:@ ')}" for key, value in chosen.items()), chosen)
