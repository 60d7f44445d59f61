"""A watch as its table defines it: what begins one, what is asked, and when it is over."""

import re
from dataclasses import dataclass, field
from typing import Final

from relay.config.poll import WatchConfig
from relay.errors import Problem
from relay.expression.environment import Program
from relay.http.compiler import request_template
from relay.http.question import RequestTemplate
from relay.poll.definition import Reading, compiler, reading
from relay.poll.variables import environment

OF_ITS_EVENT: Final = frozenset({"event", "started"})
"""The variables that are another thing for each watch."""

_HAS_PART: Final = re.compile(r"\bhas\s*\(\s*event\s*\.\s*\w+\s*\)")


@dataclass(frozen=True, slots=True)
class WatchDefinition:
    """A watch, ready to be begun and to be asked for."""

    name: str
    config: WatchConfig
    on: Program
    keys: Program
    request: RequestTemplate
    reading: Reading
    until: Program | None = None
    fail: Program | None = None
    check: Program | None = None
    wait: Program | None = None
    realm: str = field(default="", repr=False)
    told: set[str] = field(default_factory=set, compare=False, repr=False)
    """What was logged already that would be true of event after event."""

    @property
    def source(self) -> str:
        """Whose events its items are."""
        return self.config.source or self.name

    @property
    def list_name(self) -> str:
        """Under which the store remembers what was last said of its things: the name of no poll."""
        return f"watch:{self.name}"

    @property
    def asks_by(self) -> frozenset[str]:
        """What of its event the request names: only watches that have it in common share a request."""
        return self.request.names & OF_ITS_EVENT

    @property
    def reads_by(self) -> frozenset[str]:
        """What of its event the reading of an answer names: it is read for each such watch anew."""
        every = (*_programs(self.reading), self.until, self.fail)
        names = frozenset[str]().union(*(one.names for one in every if one is not None))
        return names & OF_ITS_EVENT

    @property
    def recalls(self) -> bool:
        """Whether its event has to be kept."""
        return "event" in self.asks_by | self.reads_by

    @property
    def ends(self) -> bool:
        """Whether an item can say that it is over."""
        return self.until is not None or self.fail is not None


def _programs(read: Reading) -> tuple[Program | None, ...]:
    return (read.items, read.id, read.data, read.type, read.time, read.keep, read.change, read.next)


def compile_watch(name: str, config: WatchConfig, realm: str = "") -> WatchDefinition | list[Problem]:
    """The watch of a table, or every problem in its expressions."""
    found = compiler("watch", name)
    nothing = environment("on").compile("true")
    watch = WatchDefinition(
        name,
        config,
        found.program(("on",), config.on, _stage(config.on)) or nothing,
        found.program(("keys",), config.keys, _stage(config.keys)) or nothing,
        request_template(config, found),
        reading(name, config, found),
        found.optional("until", config.until, "item"),
        found.optional("fail", config.fail, "item"),
        found.verdict("check", config.check),
        found.verdict("wait", config.wait),
        realm,
    )
    return found.problems or watch


def _stage(text: str) -> str:
    """Over the parts of an event by name; but the checker makes of `has(event.data)` the data itself."""
    return "event" if _HAS_PART.search(text) else "on"
