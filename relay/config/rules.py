"""What must hold between keys and between tables: the errors, and what is only worth a warning."""

from collections.abc import Iterator, Mapping
from typing import Any

from relay.config import poll_rules, route_rules, source_rules, target_rules
from relay.config.doubts import doubts
from relay.config.locate import dotted
from relay.config.schema import Config
from relay.config.secret import HINT, Secret
from relay.config.table import Table
from relay.config.types import quoted
from relay.errors import Problem

Raw = dict[str, Any]


def errors(config: Config, raw: Raw) -> Iterator[Problem]:
    """Every rule that is broken. `config` may lack tables of `raw` that are at fault by themselves."""
    for name, table in _tables(raw, "source"):
        yield from source_rules.broken(f"source.{name}", table)
    yield from _same_paths(config, raw)
    yield from target_rules.errors(config, raw)
    yield from route_rules.errors(config, raw)
    yield from poll_rules.errors(config, raw)
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


# the server


def _listeners(config: Config, raw: Raw) -> Iterator[Problem]:
    """They are apart; port 0, any that is free, is another one each time."""
    public, admin = config.server.listen, config.admin.listen
    if public == admin and (public.port or public.path):
        own = any(
            "listen" in table for name, table in raw.items() if name == "admin" and isinstance(table, dict)
        )
        at, other = ("admin", "server") if own else ("server", "admin")
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
    yield from route_rules.doubts(config)
    yield from target_rules.doubts(config)
    yield from _shared(config)
    for name, source in config.source.items():
        if source.provider is None and not source.id:
            hint = 'id = "body.id"; id = "digest" where equal bodies are always retries'
            yield _warning(f"source.{name}", "has no id: none of its events is taken for a duplicate", hint)
        yield from doubts(dotted(["source", name]), source, config.store.dedupe_window)


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
        yield from _within(("target", name), _keys(target, "url", "auth", "sign"))
    for name, api in config.api.items():
        yield from _within(("api", name), _keys(api, "url", "headers", "auth"))


def _keys(table: Table, *keys: str) -> dict[str, object]:
    return {key: getattr(table, key) for key in keys}


def _within(path: tuple[str | int, ...], value: object) -> Iterator[tuple[str, Secret]]:
    """Every secret in a value, however deep."""
    if isinstance(value, Secret):
        yield dotted(path), value
    elif isinstance(value, tuple):
        yield from _listed(path, value)
    elif isinstance(value, Mapping | Table):
        for key, part in value.items() if isinstance(value, Mapping) else value:
            yield from _within((*path, key), part)


def _listed(path: tuple[str | int, ...], values: tuple[object, ...]) -> Iterator[tuple[str, Secret]]:
    """One that stands alone has the key's own path."""
    for index, value in enumerate(values):
        yield from _within((*path, index) if len(values) > 1 else path, value)
