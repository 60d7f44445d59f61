"""Which keys of one poll or watch go together: told even where some of their values are wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from relay.config.choice import listed, meant
from relay.config.locate import dotted
from relay.config.poll import ListingConfig, PollConfig
from relay.config.schema import Config
from relay.config.types import OWN_NAME_HINT, quoted
from relay.errors import Problem
from relay.route import OWN_SOURCE

BELONGS: Final[dict[str, dict[str, str]]] = {
    "poll": dict.fromkeys(
        ("on", "keys", "batch", "until", "fail", "within"), "a key of [watch.NAME], which follows one thing"
    ),
    "watch": dict.fromkeys(
        ("each", "detail", "order", "start", "overlap", "lag", "window", "retention", "gap"),
        "a key of [poll.NAME], which reads a list",
    ),
}
"""Keys that stand in the other of the two tables, and what to say of them."""
Raw = dict[str, Any]


def errors(config: Config, raw: Raw) -> Iterator[Problem]:
    """Every rule that a poll or watch breaks. `config` may lack tables of `raw` that are at fault already."""
    for kind in BELONGS:
        for name, table in _table(raw, kind).items():
            if isinstance(table, dict):
                yield from broken(kind, name, table, raw)
        tables: Mapping[str, ListingConfig] = getattr(config, kind)
        for name, sound in tables.items():
            yield from spans(dotted([kind, name]), sound)


def broken(kind: str, name: str, table: Raw, raw: Raw) -> Iterator[Problem]:
    """Every rule that the keys of [`kind`.`name`] break; `raw` is the whole file, presets merged."""
    path = dotted([kind, name])
    yield from asks(path, table, raw)
    if name == OWN_SOURCE and "source" not in table:
        yield Problem(f"{path}.source", f"no source may be called {OWN_SOURCE}", OWN_NAME_HINT)
    yield from _timeless(path, table)
    if isinstance(table.get("detail"), dict) and "data" in table:
        yield Problem(f"{path}.data", "is never used: detail has its own", "detail.data")
    if isinstance(table.get("each"), dict):
        yield from _each(path, table["each"])
    if isinstance(table.get("gap"), dict):
        yield from _gap(path, table, raw)


def sources(raw: Raw) -> dict[tuple[str, str], str]:
    """Kind and name of each poll and watch of a file, faulty ones too, and whose events they are."""
    return {
        (kind, name): source
        for kind in BELONGS
        for name, table in _table(raw, kind).items()
        if isinstance(table, dict) and isinstance(source := table.get("source", name), str)
    }


def asked(config: Config) -> Iterator[tuple[tuple[str, str], str]]:
    """The same of a config."""
    for kind in BELONGS:
        tables: Mapping[str, ListingConfig] = getattr(config, kind)
        for name, table in tables.items():
            yield (kind, name), table.source or name


def asks(path: str, table: Raw, raw: Raw) -> Iterator[Problem]:
    """What is wrong with the request that a table describes: of a poll, a watch, an enrichment."""
    yield from _api(path, table, raw)
    yield from _body(path, table)


def _api(path: str, table: Raw, raw: Raw) -> Iterator[Problem]:
    api, known = table.get("api"), list(_table(raw, "api"))
    if isinstance(api, str) and api not in known:
        names = f"there are {listed(known)}" if known else "there is no [api.NAME] at all"
        yield Problem(f"{path}.api", f"there is no api {quoted(api)}", meant(api, known) or names)


def _body(path: str, table: Raw) -> Iterator[Problem]:
    bodies = [key for key in ("json", "form") if key in table]
    if len(bodies) > 1:
        yield Problem(f"{path}.form", "stands beside json: a request has one body", "leave one out")
    if bodies and table.get("method", "GET") == "GET":
        yield Problem(f"{path}.{bodies[0]}", "is never sent by GET", 'method = "POST"')


def _timeless(path: str, table: Raw) -> Iterator[Problem]:
    """Keys that compare the times of items."""
    for key in ("lag", "window"):
        if key in table and "time" not in table:
            hint = 'time = "ts(item.created_at)"'
            yield Problem(f"{path}.{key}", "needs to know when an item happened", hint)


def _each(path: str, each: Raw) -> Iterator[Problem]:
    for name, values in each.items():
        at = f"{path}.{dotted(['each', name])}"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield Problem(at, f"{quoted(name)} is no name that an expression can use", "each.channel")
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        if len(set(texts)) < len(texts):
            yield Problem(at, "names a value more than once", "once is enough")


def _gap(path: str, table: Raw, raw: Raw) -> Iterator[Problem]:
    gap, source, known = table["gap"], table.get("source"), _table(raw, "source")
    if source is None:
        yield Problem(f"{path}.gap", "fills the gaps of no source", "source names the webhook source")
        return
    if not isinstance(source, str) or source not in known:
        hint = (
            meant(str(source), known) or "gap fills what a webhook source missed; gap = false: a plain poll"
        )
        yield Problem(f"{path}.source", f"there is no [source.NAME] {quoted(str(source))}", hint)
        return
    expected = isinstance(known[source], dict) and "expect_every" in known[source]
    if not (expected or "silence" in gap or gap.get("on_start") or "audit" in gap):
        hint = f'silence = "30m", on_start = true, audit = "6h", or source.{source}.expect_every'
        yield Problem(f"{path}.gap", "never runs", hint)


def _table(raw: Raw, kind: str) -> Mapping[str, Any]:
    found = raw.get(kind)
    return found if isinstance(found, dict) else {}


def spans(path: str, config: ListingConfig) -> Iterator[Problem]:
    """What its durations must be to each other."""
    if "idle" in config.model_fields_set and config.idle < config.every:
        yield Problem(f"{path}.idle", "is shorter than every", "the slowest interval: at least every")
    if not isinstance(config, PollConfig):
        return
    if config.gap is not None and config.gap.audit is not None and config.gap.audit <= config.lag:
        # an audit is complete up to lag ago: the next one would be due at once
        yield Problem(f"{path}.gap.audit", "is no longer than lag", "let audits be further apart than lag")
    if config.window is not None and config.window <= 2 * config.overlap:
        # a pass moves on by window less twice the overlap
        yield Problem(f"{path}.window", "a pass would never get on", "let it be more than twice overlap")
    if config.retention is not None and config.retention <= config.overlap:
        yield Problem(f"{path}.overlap", "is as long as the list is kept", "let it be less than retention")
