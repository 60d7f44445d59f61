"""What makes a store's names its own: read, or made, when it is opened."""

import secrets
import sqlite3
from dataclasses import dataclass

from relay.event import new_tag
from relay.store.sqlite.memory import Remembered


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose ids these are, and where they go on."""

    tag: str
    last: int
    """The newest event's tick."""


def know_itself(c: sqlite3.Connection) -> tuple[Identity, Remembered]:
    """The store's own names, made when it is new, and what it remembers."""
    c.execute(
        "INSERT OR IGNORE INTO setting VALUES ('tag', ?), ('salt', ?)", (new_tag(), secrets.token_hex(16))
    )
    settings = dict(c.execute("SELECT name, value FROM setting").fetchall())
    last = c.execute(
        "SELECT max(coalesce((SELECT max(id) FROM event), 0), "
        "coalesce((SELECT value FROM counter WHERE name = 'events.last'), 0))"
    ).fetchone()[0]
    return Identity(settings["tag"], last), Remembered.of(c, bytes.fromhex(settings["salt"]))
