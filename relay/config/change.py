"""What differs between two configs: what a reload puts in force, and what only a restart does."""

from collections.abc import Iterator
from typing import Final

from relay.config.schema import Config
from relay.config.table import Table

TABLES: Final = ("source", "target", "route", "api", "enrich", "poll", "watch")


def changed(old: Config, new: Config) -> list[str]:
    """What a reload puts in force, as dotted paths: `server.max_body`, `target.billing`."""
    return [path for path in _differences(old, new) if not _fixed(path)]


def needs_restart(old: Config, new: Config) -> list[str]:
    """What stays as it was until the next start: `store.keep`, `server.listen`."""
    return [path for path in _differences(old, new) if _fixed(path)]


def in_force(old: Config, new: Config) -> Config:
    """The config after a reload: `new`, but for what needs a restart."""
    server = new.server.model_copy(update={"listen": old.server.listen})
    admin = new.admin.model_copy(update={"listen": old.admin.listen})
    return new.model_copy(update={"server": server, "admin": admin, "store": old.store})


def _fixed(path: str) -> bool:
    return path.startswith("store.") or path in {"server.listen", "admin.listen"}


def _differences(old: Config, new: Config) -> Iterator[str]:
    for section in Config.model_fields:
        before, after = getattr(old, section), getattr(new, section)
        if section in TABLES:
            yield from _tables(section, before, after)
        else:
            keys = type(after).model_fields
            yield from (f"{section}.{key}" for key in keys if getattr(before, key) != getattr(after, key))


def _tables(section: str, old: dict[str, Table], new: dict[str, Table]) -> Iterator[str]:
    """Tables that came, went or are different; their order counts for nothing."""
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name):
            yield f"{section}.{name}"
