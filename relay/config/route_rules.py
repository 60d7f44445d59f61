"""What routes and enrichments name, and what their targets can take: errors, and what is worth a warning."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from relay.config import poll_rules, target_rules
from relay.config.choice import listed, meant
from relay.config.locate import dotted
from relay.config.route import RouteConfig
from relay.config.schema import Config
from relay.config.target_url import KINDS
from relay.config.types import quoted
from relay.errors import Problem
from relay.route import OWN_SOURCE, Route

MAX_OWED: Final = 4000
"""Deliveries that one event may be owed: they are planned and stored in one transaction."""
GLOB: Final = frozenset("*?[")
PATHLESS: Final = frozenset(KINDS.values()) - {"http", "log"}
"""Kinds of targets that no path leads to; `log:` prints what an HTTP target would get."""
OWN_TYPES: Final = re.compile(
    r"""["'](target\.(down|recovered|paused)|delivery\.dead|source\.silent|poll\.(failing|gap)|store\.low-disk)["']"""
)
Raw = dict[str, Any]


def errors(config: Config, raw: Raw) -> Iterator[Problem]:
    """Every rule that is broken. `config` may lack tables of `raw` that are at fault by themselves."""
    for name, table in _tables(raw, "route"):
        path = dotted(["route", name])
        to = _texts(table.get("to"))
        yield from _from(f"{path}.from", _texts(table.get("from")), raw)
        yield from _to(f"{path}.to", to, _names(raw, "target"))
        yield from _headers(path, table)
        yield from _request(path, table, {target: _target(config, raw, target) for target in to})
    first: dict[str, str] = {}
    for name, table in _tables(raw, "enrich"):
        yield from _enrich(dotted(["enrich", name]), table, raw, first)
    yield from _owed(config)


def _tables(raw: Raw, kind: str) -> Iterator[tuple[str, Raw]]:
    tables = raw.get(kind)
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            yield name, table


def _texts(value: object) -> list[str]:
    """The texts of a value of the wrong type, too."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _names(raw: Raw, kind: str) -> list[str]:
    tables = raw.get(kind)
    return list(tables) if isinstance(tables, dict) else []


# whom a route names


def _from(path: str, sources: list[str], raw: Raw) -> Iterator[Problem]:
    asked = poll_rules.sources(raw)
    known = list(dict.fromkeys([*_names(raw, "source"), *asked.values()]))
    for source in sources:
        if source != OWN_SOURCE and not GLOB & set(source) and source not in known:
            yield _elsewhere(path, source, asked) or _nobody(path, "source", source, known)


def _elsewhere(path: str, name: str, asked: Mapping[tuple[str, str], str]) -> Problem | None:
    """Who names a poll or watch means the source of its events."""
    for (kind, table), source in asked.items():
        if table == name:
            text = (
                f"there is no source {quoted(name)}: events of {kind}.{table} are of source {quoted(source)}"
            )
            return Problem(path, text, f"from = [{quoted(source)}]")
    return None


def _to(path: str, targets: list[str], known: list[str]) -> Iterator[Problem]:
    for target in dict.fromkeys(targets):
        if target not in known:
            yield _nobody(path, "target", target, known)
        if targets.count(target) > 1:
            yield Problem(path, f"names {quoted(target)} more than once", "once is enough")


def _nobody(path: str, kind: str, name: str, known: list[str]) -> Problem:
    names = f"there are {listed(known)}" if known else f"there is no [{kind}.NAME] at all"
    return Problem(path, f"there is no {kind} {quoted(name)}", meant(name, known) or names)


def _owed(config: Config) -> Iterator[Problem]:
    for name, path in events(config).items():
        owed = max(_deliveries(config, name, unrouted=unrouted) for unrouted in (False, True))
        if owed > MAX_OWED:
            text = f"each of its events would be {owed} deliveries, more than {MAX_OWED}"
            yield Problem(path, text, "take it in fewer routes")


def _deliveries(config: Config, source: str, *, unrouted: bool) -> int:
    """How many an event of a source may be owed by the routes that see every event, or by the others."""
    routes = [route for route in config.route.values() if route.unrouted is unrouted]
    return sum(len(route.to) for route in routes if takes(route, source))


def takes(route: RouteConfig, source: str) -> bool:
    return Route("", route.sources, ()).takes(source)


def events(config: Config) -> dict[str, str]:
    """Every source that has events, and the table that brings them: a webhook's goes before a poll's.

    Those of relay are made only where a route names them.
    """
    found = {name: f"source.{name}" for name in config.source}
    for (kind, table), source in poll_rules.asked(config):
        found.setdefault(source, f"{kind}.{table}")
    for name, route in config.route.items():
        if OWN_SOURCE in route.sources:
            found.setdefault(OWN_SOURCE, f"route.{name}.from")
    return found


# what a route makes of a request


Aim = tuple[str | None, bool]
"""A target's kind, None where that is not known, and whether it takes batches."""


def _target(config: Config, raw: Raw, name: str) -> Aim:
    scheme = target_rules.scheme_by(config, raw, name)
    table = target_rules.tables(raw).get(name)
    return KINDS[scheme] if scheme is not None else None, isinstance(table, dict) and "batch" in table


def _headers(path: str, table: Raw) -> Iterator[Problem]:
    """The case of a header's name does not count."""
    seen: dict[str, str] = {}
    headers = table.get("headers")
    for name in headers if isinstance(headers, dict) else ():
        other = seen.setdefault(name.lower(), name)
        if other != name:
            at = f"{path}.{dotted(['headers', name])}"
            yield Problem(at, f"is the header {quoted(other)} once more", "leave one out")


def _request(path: str, table: Raw, aims: Mapping[str, Aim]) -> Iterator[Problem]:
    """Headers and path belong to the request of one delivery, a path to one that has a url's."""
    for name, (kind, batch) in aims.items():
        for key in ("headers", "path"):
            if batch and table.get(key):
                text = f"is for one event, and target.{name} sends several in one request"
                yield Problem(f"{path}.{key}", text, f"a route of its own to it, or no target.{name}.batch")
        if kind in PATHLESS and "path" in table:
            text = f"leads nowhere: target.{name} is no HTTP target"
            yield Problem(f"{path}.path", text, "a route of its own to it")


# enrichments


def _enrich(path: str, table: Raw, raw: Raw, first: dict[str, str]) -> Iterator[Problem]:
    """`first`: who puts what so far."""
    yield from poll_rules.asks(path, table, raw)
    put = table.get("put")
    if not isinstance(put, str):
        return
    other = first.setdefault(put, path)
    if other != path:
        yield Problem(f"{path}.put", f"{quoted(put)} is what {other} puts", "another name")


# warnings


def doubts(config: Config) -> Iterator[Problem]:
    """What loads, and is probably not meant."""
    sources = events(config)
    for name, path in sources.items():
        if not any(takes(route, name) for route in config.route.values()):
            yield _doubt(path, "no route takes its events: they are kept as unrouted")
    named = {target for route in config.route.values() for target in route.to}
    for name in config.target:
        if name not in named:
            yield _doubt(dotted(["target", name]), "no route names it: nothing is sent there")
    for name, route in config.route.items():
        yield from _sources(f"route.{name}.from", route, sources)
        yield from _leftover(f"route.{name}", route, config, sources)


def _sources(path: str, route: RouteConfig, sources: Mapping[str, str]) -> Iterator[Problem]:
    for glob in route.sources:
        if GLOB & set(glob) and not any(Route("", (glob,), ()).takes(name) for name in sources):
            yield _doubt(path, f"{quoted(glob)} matches no source")
    if OWN_SOURCE not in route.sources and OWN_TYPES.search(route.when or ""):
        hint = f'from = ["{OWN_SOURCE}"], which no glob stands for'
        yield _doubt(path, "takes none of relay's own events, which when asks for", hint)


def _leftover(path: str, route: RouteConfig, config: Config, sources: Mapping[str, str]) -> Iterator[Problem]:
    """What sees only what others leave, where one of them takes all."""
    if not route.unrouted:
        return
    others = {
        name: other for name, other in config.route.items() if not other.unrouted and other.when is None
    }
    taken = {
        source: next((name for name, other in others.items() if takes(other, source)), None)
        for source in sources
        if takes(route, source)
    }
    if taken and None not in taken.values():
        names = ", ".join(f"route.{name}" for name in dict.fromkeys(taken.values()))
        yield _doubt(f"{path}.unrouted", f"it never sees an event: {names} without when takes them all")


def _doubt(path: str, text: str, hint: str = "") -> Problem:
    return Problem(path, text, hint, warning=True)
