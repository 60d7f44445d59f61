"""From the file to what events are planned by: filters and orders compiled, or all that is wrong."""

from collections.abc import Iterator, Sequence

from relay.config.locate import dotted
from relay.config.route import RouteConfig
from relay.config.schema import Config
from relay.errors import Problem
from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError
from relay.route import Route, Routes
from relay.seen import HINT, environment

FILTERS_FIRST = "filters come before enrichments: in a transform, header or path it can be named"


def open_routes(config: Config) -> tuple[Routes, list[Problem]]:
    """The routes of a file, in its order, and all that is wrong with their filters and orders."""
    problems: list[Problem] = []
    routes = [_route(name, table, config, problems) for name, table in config.route.items()]
    orders = {
        name: program
        for name, table in config.target.items()
        if table.ordered_by is not None
        and (program := compiled(["target", name, "ordered_by"], table.ordered_by, environment(), problems))
    }
    return Routes(routes, orders), problems


def _route(name: str, table: RouteConfig, config: Config, problems: list[Problem]) -> Route:
    when = None
    if table.when is not None:
        puts = {each.put for each in config.enrich.values()}
        when = _filter(name, table.when, puts, problems)
    shaped = table.transform is not None or bool(table.headers) or table.path is not None
    return Route(name, table.sources, table.to, when, table.on_error, table.unrouted, shaped)


def _filter(name: str, text: str, puts: set[str], problems: list[Problem]) -> Program | None:
    """A filter that may name nothing that is asked for only later."""
    path = ["route", name, "when"]
    asked = environment(tuple(sorted(puts)))
    program = compiled(path, text, asked, problems)
    if program is None:
        return None
    problems += [
        Problem(dotted(path), f"names {put}, which an enrichment puts", FILTERS_FIRST)
        for put in sorted(program.names & puts)
    ]
    if program.type not in {"bool", "dyn"}:
        problems.append(
            Problem(dotted(path), f"always gives {program.type}, not bool", 'such as event.type == "paid"')
        )
    return program


def compiled(
    path: Sequence[str | int], text: str, scope: Environment, problems: list[Problem], hint: str = HINT
) -> Program | None:
    """The program of one expression; every error in it joins `problems`."""
    try:
        return scope.compile(text)
    except CompileError as error:
        problems += told(path, error, text, hint)
        return None


def told(path: Sequence[str | int], error: CompileError, text: str, hint: str = HINT) -> Iterator[Problem]:
    """What is wrong with an expression, as problems at its key."""
    for fault in error.problems:
        line = f"line {fault.line}, " if "\n" in text else ""
        yield Problem(dotted(path), f"{fault.text}, at {line}column {fault.column}", hint)
