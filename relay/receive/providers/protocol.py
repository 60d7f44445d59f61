"""What a provider is: how one kind of sender proves itself and names its events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from relay import form
from relay.event import Headers
from relay.view import View


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
        self._fields = fields
        self.view_so_far: View | None = None
        """`view`, if anything was looked at by now."""

    @property
    def fields(self) -> "CIMultiDictProxy[str]":
        """The headers by name, whatever their case; bytes that are not UTF-8 are surrogates."""
        if self._fields is None:
            pairs = [(_text(name), _text(value)) for name, value in self.headers]
            self._fields = CIMultiDictProxy(CIMultiDict(pairs))
        return self._fields

    def header(self, name: str) -> bytes | None:
        """The first header of that name, as it came."""
        value: str | None = self.fields.get(name)
        return None if value is None else value.encode("utf-8", "surrogateescape")

    @property
    def view(self) -> View:
        """What expressions see of it."""
        if self.view_so_far is None:
            self.view_so_far = View(self.headers, self.query, self.body)
        return self.view_so_far

    @property
    def json(self) -> Any:
        """The body as JSON, whatever its Content-Type; ABSENT if it is none. Parsed once."""
        return self.view.json

    @property
    def is_form(self) -> bool:
        """Whether its Content-Type says that the body is a form."""
        return form.is_form(self.header("Content-Type"))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request is refused, and why (for our log: the sender learns the status only)."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """It cannot be judged before the file at `url`, a certificate, is at hand."""

    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handshake is answered. It is never stored."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Headers = ()
    confirm: str | None = None
    """A URL to be asked once before the answer; if that fails, the sender is told to come again."""


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
class Part:
    """One event of a request that holds several."""

    identity: Identity
    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A realistic event of one type, for `relay send`."""

    type: str
    body: bytes
    content_type: str = "application/json"
    headers: Headers = ()
    """What names it, where its sender does that in headers."""
    query: str = ""


class Provider(Protocol):
    """One source's sender, its secrets at hand. Pure: it is given `now` and does no I/O."""

    ack_timeout: float | None
    """Seconds this sender waits for an answer, less a margin; None: the server's."""
    max_body: int | None
    """The largest body it may send; None: the server's."""
    proofs: frozenset[bytes]
    """Names, in lower case, of headers that prove the sender to us and must not reach a target."""
    proof_parameters: frozenset[str]
    """Names of query parameters that do so, and are not kept."""
    methods: frozenset[str]
    """POST, and those of its handshakes."""
    loops: bool
    """Whether its expressions go through lists: they are not evaluated on the event loop."""
    accepted: int
    """The status that says: it is on disk."""

    def greet(self, request: Request, now: int, *, proven: bool) -> Answer | Rejected | None:
        """The answer to a handshake; None if `request` is none.

        Asked twice: before `verify`, for handshakes that their sender does not sign, and behind it.
        """

    def verify(self, request: Request, now: int, fetched: bytes | None = None) -> Rejected | Wanted | None:
        """None if the request is the sender's; never raises, whatever came. `now` in microseconds.

        `fetched`: what it wanted before.
        """

    def identify(self, request: Request) -> Identity | Rejected | tuple[Part, ...]:
        """The event's names, or 400 where what the provider always sends is missing. Never raises.

        Parts, where one request holds several events: then none of it is an event as a whole.
        """

    def samples(self) -> Sequence[Sample]:
        """Events this sender is known to send, the most usual first; at least one."""

    def sign(self, sample: Sample, now: int) -> Headers:
        """The headers with which the sender would post `sample`, a new id among them where it sends one."""

    @property
    def needs_key(self) -> bool:
        """Whether it can sign, and make samples, only `with_key`: its source has but the public half."""

    def new_key(self) -> bytes | None:
        """A throw-away private key of the sender's kind, PEM; None where the source's secret signs."""

    def with_key(self, pem: bytes) -> "Provider":
        """The same, signing with that private key. RelayError where it is of another kind."""

    def public_half(self, pem: bytes) -> tuple[str, str]:
        """What the source's table must hold for that key to be believed: `secret` and a value, or `trust`."""
