"""What a route makes of its events: another body, further headers, a path.

Pure, and run at each attempt, so that a replay picks up what was corrected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from relay.config.locate import dotted
from relay.config.route import RouteConfig
from relay.config.routes import compiled, told
from relay.config.schema import Config
from relay.deliver.headers import header_value
from relay.errors import Problem
from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.frame import BUDGET
from relay.expression.output import dumps
from relay.route import OnError
from relay.seen import HINT, Seen, environment
from relay.template import Template, Unfit, template

NOTHING: Final = "the transform gives null"
REASON: Final = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The expressions of a route, compiled."""

    transform: Program | None = None
    headers: tuple[tuple[str, Program], ...] = ()
    path: Template | None = None
    on_error: OnError = "dead"
    names: frozenset[str] = field(default=frozenset())
    """All variables that they use."""


PLAIN: Final = Shape()


@dataclass(frozen=True, slots=True)
class Made:
    """What came of an event. `body` is None where it stays as it came."""

    body: bytes | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """By name; None: no such header."""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """An expression failed: why, for people."""

    reason: str


def shape(seen: Seen, shape: Shape, budget: int = BUDGET) -> Made | Failed | None:
    """What `shape` makes of an event; None: there is nothing to deliver. `budget`: steps, of each expression.

    Raises the ExpressionError that is `exhausted`: with more of a budget it may go well.
    """
    step = "transform"
    try:
        body = None
        if shape.transform is not None:
            value = shape.transform.json(seen, budget)
            if value is None:
                return None
            body = dumps(value)
        headers: dict[str, str | None] = {}
        for step, program in shape.headers:
            value = program.given(seen, budget)
            headers[step] = None if value is None else header_value(value)
        step = "path"
        path = "" if shape.path is None else shape.path.path(seen, budget)
    except ExpressionError as error:
        if error.exhausted:
            raise
        return failed(step, error)
    except Unfit as error:
        return failed(step, error)
    return Made(body, headers, path)


def failed(step: str, error: Exception) -> Failed:
    return Failed(f"{step}: {error}"[:REASON])


# from the file


def open_shapes(config: Config) -> tuple[dict[str, Shape], list[Problem]]:
    """The shapes of all routes of a file that have one, by route, and all that is wrong with them."""
    problems: list[Problem] = []
    scope = environment(tuple(sorted({each.put for each in config.enrich.values()})))
    shapes = {
        name: _opened(name, table, scope, problems)
        for name, table in config.route.items()
        if table.transform is not None or table.headers or table.path is not None
    }
    return shapes, problems


def _opened(name: str, table: RouteConfig, scope: Environment, problems: list[Problem]) -> Shape:
    transform = None
    if table.transform is not None:
        transform = compiled(["route", name, "transform"], table.transform, scope, problems)
    headers = [
        (header, program)
        for header, text in table.headers.items()
        if (program := compiled(["route", name, "headers", header], text, scope, problems))
    ]
    problems += _unfit_headers(name, headers)
    path = None if table.path is None else _path(name, table.path, scope, problems)
    programs = [program for _, program in headers] + ([transform] if transform else [])
    names = frozenset[str]().union(*(program.names for program in programs), path.names if path else ())
    return Shape(transform, tuple(headers), path, table.on_error, names)


FIT: Final = frozenset({"string", "int", "uint", "double", "bool", "dyn", "null", "optional_type"})
"""Types of which a header can be made."""


def _unfit_headers(name: str, headers: Iterable[tuple[str, Program]]) -> Iterable[Problem]:
    for header, program in headers:
        if program.type not in FIT:
            text = f"always gives {program.type}, of which no header can be made"
            yield Problem(dotted(["route", name, "headers", header]), text, "a string, a number or a bool")


def _path(name: str, text: str, scope: Environment, problems: list[Problem]) -> Template | None:
    try:
        return template(text, scope)
    except CompileError as error:
        problems += told(["route", name, "path"], error, text, HINT)
        return None
