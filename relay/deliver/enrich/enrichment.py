"""Enrichments as the file defines them: for which events, what is asked, what is taken of the answer."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from relay.clock import SECOND
from relay.config.route import EnrichConfig
from relay.config.schema import Config
from relay.deliver.shape import Shape
from relay.errors import Problem
from relay.expression.environment import Environment, Program
from relay.http.compiler import Compiler, request_template
from relay.http.question import RequestTemplate
from relay.seen import EVENT_PARTS, HINT, environment

ANSWERED: Final = Environment(
    EVENT_PARTS | {"body": "dyn", "headers": "map(string, string)", "status": "int"}
)
"""What `data` may name: `event`, and the answer, whose headers have lower-case names."""
ANSWERED_HINT: Final = "CEL over event, and over body, headers, status of the answer"
ASKS_BY: Final = {"api", "method", "path", "query", "headers", "json_body", "form", "check", "format", "data"}
"""Keys of a table by which an answer is what it is."""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """An `[enrich.NAME]`, ready to be asked for."""

    name: str
    config: EnrichConfig
    request: RequestTemplate
    data: Program
    on: Program | None = None
    check: Program | None = None
    wait: Program | None = None
    at_once: int = 4
    """How many requests of anybody's may be under way at its api."""
    pace: int = 0
    """Microseconds from one request to the next at the least, by the rates of the file."""
    key: str = ""
    """Under which its answers are kept: another one when the file has it ask, or take, something else."""

    @property
    def put(self) -> str:
        """The variable that holds the answer."""
        return self.config.put


class Enrichments:
    """Those of a file."""

    def __init__(self, all: Iterable[Enrichment] = ()) -> None:
        self.all = tuple(all)
        self._needed: dict[frozenset[str], tuple[Enrichment, ...]] = {}

    def needed(self, shape: Shape | None) -> tuple[Enrichment, ...]:
        """Those whose answer is named by what is made of a delivery."""
        if shape is None or not self.all:
            return ()
        found = self._needed.get(shape.names)
        if found is None:
            found = tuple(each for each in self.all if each.put in shape.names)
            self._needed[shape.names] = found
        return found


def open_enrichments(config: Config) -> tuple[Enrichments, list[Problem]]:
    """The enrichments of a file, and all that is wrong with their expressions."""
    problems: list[Problem] = []
    found: list[Enrichment] = []
    for name, table in config.enrich.items():
        made = compile_enrichment(name, table, config)
        if isinstance(made, Enrichment):
            found.append(made)
        else:
            problems += made
    return Enrichments(found), problems


def compile_enrichment(name: str, table: EnrichConfig, config: Config) -> Enrichment | list[Problem]:
    """The enrichment of a table, or every problem in its expressions."""
    found = Compiler(("enrich", name), _scope)
    request = request_template(table, found)
    on = found.optional("on", table.on, "request")
    if on is not None and on.type not in {"bool", "dyn"}:
        found.refuse("on", f"always gives {on.type}, not bool", 'such as event.type == "orders/create"')
    data = found.program(("data",), table.data, "answer")
    check, wait = found.verdict("check", table.check), found.verdict("wait", table.wait)
    if data is None or found.problems:
        return found.problems
    api = config.api[table.api]
    pace = max(0 if rate is None else int(SECOND / rate) for rate in (api.rate, table.rate))
    return Enrichment(name, table, request, data, on, check, wait, api.at_once, pace, _key(table))


def _scope(stage: str) -> tuple[Environment, str]:
    return (environment(), HINT) if stage == "request" else (ANSWERED, ANSWERED_HINT)


def _key(table: EnrichConfig) -> str:
    told = table.model_dump(mode="json", include=ASKS_BY)
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"{table.put}.{digest[:16]}"
