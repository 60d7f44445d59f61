"""From a file to the parts of the daemon that are made of it: all of them, or every problem at once."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog

from relay.config.load import Loaded, Unsound, load
from relay.config.locate import dotted
from relay.config.remembered import remembered_names
from relay.config.routes import open_routes
from relay.config.schema import Config
from relay.config.secret import STAND_IN, Secret
from relay.deliver.enrich.enricher import Enrichments, open_enrichments
from relay.deliver.lane import Blueprint, open_blueprint
from relay.deliver.shape import open_shapes
from relay.errors import ConfigError, Problem
from relay.poll.open import Definitions, open_polls
from relay.receive.source import Source, open_sources
from relay.route import Routes
from relay.store.protocol import Keep

log = structlog.get_logger()
T = TypeVar("T")


class Parts(NamedTuple):
    """What is made of a file before anything is touched."""

    sources: dict[str, Source]
    """By path."""
    definitions: Definitions
    """Of polls and watches."""
    routes: Routes
    enrichments: Enrichments
    blueprint: Blueprint
    """Of the targets, and of what routes make of their events."""


def load_parts(
    path: str | Path, *, checking: bool = False, environ: Mapping[str, str] = os.environ
) -> tuple[Loaded, Parts]:
    """A file and its parts; ConfigError with everything that is wrong with either."""
    try:
        loaded = load(path, checking=checking, environ=environ)
    except Unsound as error:
        _, more = open_parts(_sound(error.config, error.problems))
        found = dict.fromkeys((*error.problems, *error.told(more)))
        raise ConfigError(error.file, sorted(found, key=lambda problem: problem.line or 0)) from None
    return loaded, parts_of(loaded, warned=checking)


def parts_of(loaded: Loaded, *, warned: bool = False) -> Parts:
    """The parts of a file; ConfigError with what any of them finds wrong with its own table.

    `warned`: also with what is only worth a warning.
    """
    parts, problems = open_parts(loaded.config)
    if problems:
        warnings = loaded.warnings if warned else ()
        raise ConfigError(str(loaded.file), loaded.locate_problems((*problems, *warnings)))
    return parts


def open_parts(config: Config) -> tuple[Parts, list[Problem]]:
    """What is sound of the parts, and all that is wrong with them."""
    sources, of_sources = open_sources(config)
    routes, of_routes = open_routes(config)
    definitions, of_polls = open_polls(config)
    enrichments, of_enrichments = open_enrichments(config)
    shapes, of_shapes = open_shapes(config)
    blueprint, of_targets = open_blueprint(config, shapes)
    parts = Parts(sources, definitions, routes, enrichments, blueprint)
    return parts, [*of_sources, *of_routes, *of_shapes, *of_targets, *of_polls, *of_enrichments]


def _sound(config: Config, problems: Iterable[Problem]) -> Config:
    """The tables that the file's shape found no fault with, so that their parts are judged in the same run.

    A source whose secret is not at hand gets a stand-in, for all else of it can be judged.
    """
    faults: dict[str, set[str]] = {}
    for problem in problems:
        kind, _, rest = problem.path.partition(".")
        name, _, key = rest.partition(".")
        faults.setdefault(f"{kind}.{name}", set()).add(key.partition("[")[0])
    sources = {}
    for name, source in config.source.items():
        keys = faults.get(dotted(["source", name]), set())
        if keys <= {"secret", "path"}:
            stand_in = {"secret": (Secret(STAND_IN),)} if "secret" in keys else {}
            sources[name] = source.model_copy(update=stand_in)
    enrichments = {
        name: one for name, one in _unfaulted("enrich", config.enrich, faults) if one.api in config.api
    }
    polls = {name: poll for name, poll in _unfaulted("poll", config.poll, faults) if poll.api in config.api}
    watches = {name: one for name, one in _unfaulted("watch", config.watch, faults) if one.api in config.api}
    targets = dict(_unfaulted("target", config.target, faults))
    routes = dict(config.route)
    if len(enrichments) < len(config.enrich) or any(table.startswith("enrich.") for table in faults):
        # what they name may be what such a table puts, be it sound but for its api
        bare: dict[str, object] = {"transform": None, "headers": {}, "path": None}
        routes = {name: route.model_copy(update=bare) for name, route in routes.items()}
    sound = {"source": sources, "target": targets, "route": routes, "enrich": enrichments}
    return config.model_copy(update=sound | {"poll": polls, "watch": watches})


def _unfaulted(kind: str, tables: Mapping[str, T], faults: Mapping[str, set[str]]) -> list[tuple[str, T]]:
    return [(name, table) for name, table in tables.items() if dotted([kind, name]) not in faults]


def warn(loaded: Loaded) -> None:
    """Log what loads, and is probably not meant."""
    for problem in loaded.warnings:
        log.warning("config.warning", path=problem.path, error=problem.text, hint=problem.hint)


def kept(config: Config) -> Keep:
    """How long things are kept by a file."""
    settings = config.store
    return Keep(settings.keep, settings.keep_dead, remembered_names(config))
