"""One case of a vector file: a request, when and with what it is judged, and what has to come of it."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

NOW: Final = 1767600000
"""When a case is judged unless it says otherwise: 2026-01-05, 08:00 UTC."""


@dataclass(frozen=True, slots=True)
class Large:
    """A body that is written as what it is made of."""

    prefix: bytes
    suffix: bytes
    repeat: str = "x"
    times: int = 200_000

    def whole(self) -> bytes:
        return self.prefix + self.repeat.encode() * self.times + self.suffix


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to `/in/NAME`."""

    headers: tuple[tuple[str, str | bytes], ...]
    written: bytes | Large = b""
    method: str = "POST"
    query: str = ""

    @property
    def body(self) -> bytes:
        return self.written.whole() if isinstance(self.written, Large) else self.written

    def header(self, name: str) -> str | None:
        """The header as a WSGI server hands it to an SDK: each byte a character."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return as_text(found[0]) if found else None

    def fields(self) -> dict[str, str]:
        """All headers as an SDK gets them."""
        return {name: as_text(value) for name, value in self.headers}


def as_text(value: str | bytes) -> str:
    return (value.encode() if isinstance(value, str) else value).decode("latin-1")


def post(body: bytes | Large, *headers: tuple[str, str | bytes], media: str = "application/json") -> Request:
    """A POST of `body`; no Content-Type if `media` is empty."""
    return Request((*headers, ("Content-Type", media)) if media else headers, body)


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table."""

    name: str
    request: Request
    expect: Mapping[str, Any]
    config: Mapping[str, Any]
    now: int = NOW
    public_url: str | None = None
    fetch: Mapping[str, str | None] | None = None
    """What the certificate's address would deliver; None: the fetch fails."""
    why: str = ""
    """Needed where the SDK's verdict and the status do not say the same, or the SDK has none."""
    same_as: str = ""
    differs_from: str = ""
    judged: bool = True
    """Whether the SDK can judge it."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """All cases of one preset."""

    provider: str
    cases: Iterable[Case]
    oracle: str | None = None
    """The SDK and its version."""
    judge: Callable[[Case], bool] | None = None
    """The SDK's verdict: whether it takes the request."""
    why: str = ""
    """Why there is no oracle."""
    pems: Mapping[str, str] = field(default_factory=dict)
    """Certificates that are written once: elsewhere {"pem": NAME} stands for them."""


def sdk(package: str) -> str:
    """How a file names its oracle."""
    return f"{package} {version(package)} (PyPI)"


def taken(**fields: Any) -> dict[str, Any]:
    """The event is accepted, and what it is."""
    return {"status": 200, **fields}


def refused(status: int = 401) -> dict[str, Any]:
    return {"status": status}


def answered(body: str, media: str = "text/plain") -> dict[str, Any]:
    """A handshake's answer; nothing is stored."""
    return {"status": 200, "answer": {"type": media, "body": body}, "stored": False}


def text_or_base64(value: str | bytes) -> Any:
    """Text where it is UTF-8, else how a file writes bytes."""
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


@dataclass(slots=True)
class Still:
    """A clock that stands."""

    at: float = field(default=float(NOW))

    def now(self) -> float:
        return self.at
