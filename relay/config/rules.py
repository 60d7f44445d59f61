"""What must hold between keys and between tables: the errors, and what is only worth a warning."""

from collections.abc import Iterator
from typing import Any, Final

from relay.config import source_rules
from relay.config.choice import listed, meant
from relay.config.later import LATER, OWN_EVENTS_HINT
from relay.config.locate import dotted
from relay.config.schema import Config
from relay.config.secret import HINT, Secret
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
    yield from _from(f"{path}.from", _texts(table.get("from")), _names(raw, "source"))
    yield from _to(f"{path}.to", _texts(table.get("to")), _names(raw, "target"))


def _texts(value: object) -> list[str]:
    """The texts of a value of the wrong type, too."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _from(path: str, sources: list[str], known: list[str]) -> Iterator[Problem]:
    for source in sources:
        if source == OWN_SOURCE:
            yield Problem(path, f'"{OWN_SOURCE}" {LATER}', OWN_EVENTS_HINT)
        elif not GLOB & set(source) and source not in known:
            yield _nobody(path, "source", source, known)


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
    for name in config.source:
        owed = sum(len(route.targets) for route in plans if route.takes(name))
        if owed > MAX_OWED:
            yield Problem(
                f"source.{name}",
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
    for name, source in config.source.items():
        if not any(route.takes(name) for route in plans):
            yield _warning(f"source.{name}", "no route takes its events: they are kept as unrouted", "")
        if source.provider is None and not source.id:
            hint = 'id = "body.id"; id = "digest" where equal bodies are always retries'
            yield _warning(f"source.{name}", "has no id: none of its events is taken for a duplicate", hint)
    for route in plans:
        for glob in route.sources:
            if GLOB & set(glob) and not any(Route("", (glob,), ()).takes(name) for name in config.source):
                yield _warning(f"route.{route.name}.from", f"{quoted(glob)} matches no source", "")


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


def _listed(path: tuple[str | int, ...], secrets: tuple[Secret, ...]) -> Iterator[tuple[str, Secret]]:
    """One that stands alone has the key's own path."""
    for index, secret in enumerate(secrets):
        yield dotted((*path, index) if len(secrets) > 1 else path), secret
