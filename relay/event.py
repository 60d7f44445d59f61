"""An event: what came, its body untouched, and the names by which it is known."""

import secrets
from dataclasses import dataclass, field
from typing import Final

Headers = tuple[tuple[bytes, bytes], ...]
"""Names and values as they came on the wire, in order, repeated ones too."""

MASKED: Final = b"\0"
"""Stands for the value of a header that proved its sender to us: it is not kept, and does not go along. No
value that comes over the wire is this one."""
TICK_DIGITS: Final = 13
TAG_DIGITS: Final = 7
EPOCH: Final = 1_577_836_800_000_000
"""2020-01-01 in microseconds: ticks count from here, so that they fit 51 bits until 2091."""


@dataclass(slots=True)
class Event:
    """What a source sent, or a poll found. Nobody changes one; to have it frozen would cost each 1 µs."""

    id: str
    """Ours: ordered by time of acceptance; never given twice (`Ids`)."""
    source: str
    key: str | None
    """The sender's own id, or else `id`: the event is nobody's duplicate. So it is where this is None."""
    type: str
    via: str
    """`webhook` or `poll`."""
    received: int
    """Microseconds since 1970."""
    body: bytes = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    query: str = field(default="", repr=False)
    also: tuple[str, ...] = ()
    """Further names of the same event: a known one makes it a duplicate."""
    occurred: int | None = None
    """When it happened by the sender's word, microseconds since 1970."""


class Ids:
    """Gives event ids: 13 hex digits of time, unique in this store, and 7 that tell stores apart.

    The digits of time are the event's tick: microseconds since 2020, moved on by one where two would be
    the same or the clock went back.
    """

    def __init__(self, tag: str, last: int = 0) -> None:
        self.tag = tag
        self.last = last

    def next(self, now: int) -> str:
        self.last = max(now - EPOCH, self.last + 1)
        return f"{self.last:013x}{self.tag}"

    def text(self, tick: int) -> str:
        return f"{tick:013x}{self.tag}"

    def tick(self, text: str) -> int:
        """The tick of an id of this store; ValueError if it is none."""
        if len(text) != TICK_DIGITS + TAG_DIGITS or not text.endswith(self.tag):
            raise ValueError(f"no event id of this store: {text!r}")
        tick = int(text[:TICK_DIGITS], 16)
        if self.text(tick) != text:
            # digits as Python takes them, but relay never writes them
            raise ValueError(f"no event id of this store: {text!r}")
        return tick


def tick_in(id: str) -> int:
    """The tick of an id that this store gave; of another's, `Ids.tick` says that it is none."""
    return int(id[:TICK_DIGITS], 16)


def tick_at(at: int) -> int:
    """The first tick an event received at `at` (microseconds since 1970) can have."""
    return max(0, at - EPOCH)


def new_tag() -> str:
    """A tag for a new store, so that the ids of two stores never meet at one target."""
    return secrets.token_hex(4)[:TAG_DIGITS]


def pack_headers(headers: Headers) -> bytes:
    """Headers as one block of bytes, as they stood on the wire."""
    return b"\r\n".join([name + b":" + value for name, value in headers])


def unpack_headers(block: bytes) -> Headers:
    """The headers that `pack_headers` packed."""
    if not block:
        return ()
    pairs = (line.split(b":", 1) for line in block.split(b"\r\n"))
    return tuple((name, value) for name, value in pairs)
