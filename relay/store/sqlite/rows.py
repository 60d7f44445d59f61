"""Ids as the file has them, and statements over many rows at once.

One statement for many rows, not one for each: every step gives the interpreter's lock away and has to win
it back from a busy loop.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from relay.event import Ids, tick_in

T = TypeVar("T")

PER_EVENT: Final = 4096
"""Delivery ids an event has; the first is the event's own."""
CHUNK: Final = 64
"""Rows to a statement at most, so that few statements have to be kept prepared."""
VIA: Final = ("webhook", "poll")


def delivery_row(text: str) -> int:
    """The row id of delivery `text` (`EVENT-N`), which is one of this store."""
    return tick_in(text) * PER_EVENT + int(text[text.rindex("-") + 1 :])


def delivery_text(ids: Ids, row: int) -> str:
    return f"{ids.text(row // PER_EVENT)}-{row % PER_EVENT}"


def key_text(ids: Ids, row: int, fresh: int) -> str:
    """The idempotency key: the delivery's id, and how many times it was replayed under a new one."""
    text = delivery_text(ids, row)
    return f"{text}.{fresh}" if fresh else text


def seen_name(salt: bytes, source: str, name: str) -> bytes:
    """A name of an event of `source` as `seen` has it. Keyed, so that no sender can make two meet."""
    return hashlib.blake2b(f"{source}\0{name}".encode(), digest_size=16, key=salt).digest()


def chunks(rows: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`rows` in pieces of a statement each; none where there are none."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@lru_cache(maxsize=1024)
def values(columns: int, rows: int) -> str:
    """`(?,?),(?,?)`."""
    row = f"({','.join('?' * columns)})"
    return ",".join([row] * rows)


def kept_text(text: str | None) -> str | None:
    """Words of a target, or of an item: they may be no valid text, and have to be kept all the same."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def flat(rows: Iterable[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
