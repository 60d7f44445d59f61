"""What a provider is: how one kind of sender proves itself and names its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import orjson
from multidict import CIMultiDict, CIMultiDictProxy

from relay.event import Headers


class _Absent:
    """The body is no JSON."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


class Request:
    """One request of a sender, read to its end: what providers judge."""

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        body: bytes,
        fields: "CIMultiDictProxy[str] | None" = None,
    ) -> None:
        self.method = method
        self.path = path
        """As received, without the query, still percent-encoded."""
        self.query = query
        """As received, without the `?`."""
        self.headers = headers
        self.body = body
        if fields is not None:
            self.__dict__["fields"] = fields

    @cached_property
    def fields(self) -> "CIMultiDictProxy[str]":
        """The headers by name, whatever their case; bytes that are not UTF-8 are surrogates."""
        pairs = [(_text(name), _text(value)) for name, value in self.headers]
        return CIMultiDictProxy(CIMultiDict(pairs))

    def header(self, name: str) -> bytes | None:
        """The first header of that name, as it came."""
        value: str | None = self.fields.get(name)
        return None if value is None else value.encode("utf-8", "surrogateescape")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, whatever its Content-Type; ABSENT if it is none. Parsed once."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return ABSENT


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request is refused, and why (for our log: the sender learns the status only)."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a request says of its event."""

    key: str | None
    type: str | None
    """None: the source's name stands for it."""
    occurred: int | None = None
    """Microseconds since 1970."""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A realistic event of one type, for `relay send`."""

    type: str
    body: bytes
    content_type: str = "application/json"


class Provider(Protocol):
    """One source's sender, its secrets at hand. Pure: it is given `now` and does no I/O."""

    ack_timeout: float | None
    """Seconds this sender waits for an answer, less a margin; None: the server's."""
    max_body: int | None
    """The largest body it may send; None: the server's."""
    proofs: frozenset[bytes]
    """Names, in lower case, of headers that prove the sender to us and must not reach a target."""

    def verify(self, request: Request, now: int) -> Rejected | None:
        """None if the request is the sender's; never raises, whatever came. `now` in microseconds."""

    def identify(self, request: Request) -> Identity | Rejected:
        """The event's names, or 400 where what the provider always sends is missing. Never raises."""

    def samples(self) -> Sequence[Sample]:
        """Events this sender is known to send, the most usual first; at least one."""

    def sign(self, sample: Sample, now: int) -> Headers:
        """The headers with which the sender would post `sample`, a new id among them where it sends one."""
