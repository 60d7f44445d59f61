"""What must hold between keys and between tables: the errors, and what is only worth a warning."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from relay.config import poll_rules, source_rules
from relay.config.choice import listed, meant
from relay.config.doubts import doubts
from relay.config.later import LATER, OWN_EVENTS_HINT
from relay.config.locate import dotted
from relay.config.schema import Config
from relay.config.secret import HINT, Secret
from relay.config.table import Table
from relay.config.types import quoted
from relay.errors import Problem
from relay.route import OWN_SOURCE, Route

MAX_OWED: Final = 4000
"""Deliveries that one event may be owed: they are planned and stored in one transaction."""
GLOB: Final = frozenset("*?[")
Raw = dict[str, Any]


def errors(config: Config, raw: Raw) -> Iterator[Problem]:
    """Every rule that is broken. `config` may lack tables of `raw` that are at fault by themselves."""
    for name, table in _tables(raw, "source"):
        yield from source_rules.broken(f"source.{name}", table)
    yield from _same_paths(config, raw)
    for name, table in _tables(raw, "route"):
        yield from _route(f"route.{name}", table, raw)
    yield from poll_rules.errors(config, raw)
    yield from _owed(config)
    yield from _listeners(config, raw)
    yield from _bodies(config)


def _tables(raw: Raw, kind: str) -> Iterator[tuple[str, Raw]]:
    tables = raw.get(kind)
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            yield dotted([name]), table


def _same_paths(config: Config, raw: Raw) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, source in config.source.items():
        other = first.setdefault(source.path, name)
        if other != name:
            at = f"source.{name}.path" if "path" in raw["source"][name] else f"source.{name}"
            yield Problem(at, f"{source.path} is the path of source.{other} already", "one path to a source")


# routes


def _route(path: str, table: Raw, raw: Raw) -> Iterator[Problem]:
    """Whom it names: told even where it has other faults."""
    yield from _from(f"{path}.from", _texts(table.get("from")), raw)
    yield from _to(f"{path}.to", _texts(table.get("to")), _names(raw, "target"))


def _texts(value: object) -> list[str]:
    """The texts of a value of the wrong type, too."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _from(path: str, sources: list[str], raw: Raw) -> Iterator[Problem]:
    asked = poll_rules.sources(raw)
    known = list(dict.fromkeys([*_names(raw, "source"), *asked.values()]))
    for source in sources:
        if source == OWN_SOURCE:
            yield Problem(path, f'"{OWN_SOURCE}" {LATER}', OWN_EVENTS_HINT)
        elif not GLOB & set(source) and source not in known:
            yield _elsewhere(path, source, asked) or _nobody(path, "source", source, known)


def _elsewhere(path: str, name: str, asked: Mapping[tuple[str, str], str]) -> Problem | None:
    """Who names a poll or watch means the source of its events."""
    for (kind, table), source in asked.items():
        if table == name:
            text = (
                f"there is no source {quoted(name)}: events of {kind}.{name} are of source {quoted(source)}"
            )
            return Problem(path, text, f"from = [{quoted(source)}]")
    return None


def _to(path: str, targets: list[str], known: list[str]) -> Iterator[Problem]:
    for target in dict.fromkeys(targets):
        if target not in known:
            yield _nobody(path, "target", target, known)
        if targets.count(target) > 1:
            yield Problem(path, f"names {quoted(target)} more than once", "once is enough")


def _names(raw: Raw, kind: str) -> list[str]:
    tables = raw.get(kind)
    return list(tables) if isinstance(tables, dict) else []


def _nobody(path: str, kind: str, name: str, known: list[str]) -> Problem:
    names = f"there are {listed(known)}" if known else f"there is no [{kind}.NAME] at all"
    return Problem(path, f"there is no {kind} {quoted(name)}", meant(name, known) or names)


def routes(config: Config) -> list[Route]:
    """The routes of the file, in its order."""
    return [Route(name, route.sources, route.to) for name, route in config.route.items()]


def _owed(config: Config) -> Iterator[Problem]:
    plans = routes(config)
    for name, path in _events(config).items():
        owed = sum(len(route.targets) for route in plans if route.takes(name))
        if owed > MAX_OWED:
            yield Problem(
                path,
                f"each of its events would be {owed} deliveries, more than {MAX_OWED}",
                "take it in fewer routes",
            )


# the server


def _listeners(config: Config, raw: Raw) -> Iterator[Problem]:
    """They are apart; port 0, any that is free, is another one each time."""
    public, admin = config.server.listen, config.admin.listen
    if public == admin and (public.port or public.path):
        at, other = ("admin", "server") if "listen" in _names(raw, "admin") else ("server", "admin")
        yield Problem(f"{at}.listen", f"{public} is {other}.listen too", "give each a port of its own")


def _bodies(config: Config) -> Iterator[Problem]:
    sizes = {"server.max_body": config.server.max_body}
    sizes |= {f"source.{name}.max_body": source.max_body or 0 for name, source in config.source.items()}
    for path, size in sizes.items():
        if size > config.server.max_inflight:
            text = "is more than server.max_inflight, so such a body would never be taken"
            yield Problem(path, text, "let max_inflight be more")


# warnings


def warnings(config: Config) -> Iterator[Problem]:
    """What loads, and is probably not meant."""
    for path, secret in _secrets(config):
        yield from _visible(path, secret)
    plans = routes(config)
    sources = _events(config)
    for name, path in sources.items():
        if not any(route.takes(name) for route in plans):
            yield _warning(path, "no route takes its events: they are kept as unrouted", "")
    yield from _shared(config)
    for name, source in config.source.items():
        if source.provider is None and not source.id:
            hint = 'id = "body.id"; id = "digest" where equal bodies are always retries'
            yield _warning(f"source.{name}", "has no id: none of its events is taken for a duplicate", hint)
        yield from doubts(dotted(["source", name]), source, config.store.dedupe_window)
    for route in plans:
        for glob in route.sources:
            if GLOB & set(glob) and not any(Route("", (glob,), ()).takes(name) for name in sources):
                yield _warning(f"route.{route.name}.from", f"{quoted(glob)} matches no source", "")


def _events(config: Config) -> dict[str, str]:
    """Every source that has events, and the table that brings them: a webhook's goes before a poll's."""
    found = {name: f"source.{name}" for name in config.source}
    for (kind, table), source in poll_rules.asked(config):
        found.setdefault(source, f"{kind}.{table}")
    return found


def _shared(config: Config) -> Iterator[Problem]:
    """A poll or watch that has a source's name by chance: their ids would be compared."""
    first = {name: f"source.{name}" for name in config.source}
    for (kind, table), source in poll_rules.asked(config):
        path = f"{kind}.{table}"
        if source == table and getattr(config, kind)[table].source is None:
            other = first.setdefault(table, path)
            if other != path:
                hint = f"source = {quoted(table)} where that is meant, else another name"
                yield _warning(path, f"its events are those of {other}, their ids are compared", hint)


def _warning(path: str, text: str, hint: str) -> Problem:
    return Problem(path, text, hint, warning=True)


def _visible(path: str, secret: Secret) -> Iterator[Problem]:
    """A secret that stands in the file as it is, or one that `relay check` did without."""
    if secret.plain:
        yield _warning(path, "a secret in plain text", f"better {HINT}")
    if secret.missing:
        yield _warning(path, "this credential is not there now", "systemd passes it to the daemon")


def _secrets(config: Config) -> Iterator[tuple[str, Secret]]:
    """Every secret of the file, at its path."""
    if config.admin.token is not None:
        yield "admin.token", config.admin.token
    for name, source in config.source.items():
        yield from _listed(("source", name, "secret"), source.secret)
        yield from _listed(("source", name, "verify_token"), source.verify_token)
        for number, handshake in enumerate(source.handshake):
            for key, secrets in handshake.require.items():
                yield from _listed(("source", name, "handshake", number, "require", key), secrets)
    for name, target in config.target.items():
        if isinstance(target.url, Secret):
            yield f"target.{name}.url", target.url
    for name, api in config.api.items():
        yield from _within(("api", name), {key: getattr(api, key) for key in ("url", "headers", "auth")})


def _within(path: tuple[str | int, ...], value: object) -> Iterator[tuple[str, Secret]]:
    """Every secret in a value, however deep."""
    if isinstance(value, Secret):
        yield dotted(path), value
    elif isinstance(value, Mapping | Table):
        for key, part in value.items() if isinstance(value, Mapping) else value:
            yield from _within((*path, key), part)


def _listed(path: tuple[str | int, ...], secrets: tuple[Secret, ...]) -> Iterator[tuple[str, Secret]]:
    """One that stands alone has the key's own path."""
    for index, secret in enumerate(secrets):
        yield dotted((*path, index) if len(secrets) > 1 else path), secret
