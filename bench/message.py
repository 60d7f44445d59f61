"""The events that the benchmark sends: 1 KB of JSON each, its own id and signature, nothing else different.

The signature covers the body alone, so it is made before the clock starts; when a request was sent stands in
a header that nobody signs and every proxy hands on.
"""

import hmac
from typing import Final

SECRET: Final = "bench-secret"
PATH: Final = "/in/bench"
BODY_BYTES: Final = 1024
ID_HEADER: Final = "X-Event-Id"
SENT_HEADER: Final = "X-Sent"
SIGNATURE_HEADER: Final = "X-Signature"
SIGNATURE_PREFIX: Final = "sha256="

_BODY_HEAD: Final = b'{"id":"'
_BODY_TAIL: Final = b'","type":"order.paid","at":"2026-01-01T00:00:00Z","order":{"amount":1999,"lines":"'
_BODY_END: Final = b'"}}'


class Messages:
    """`count` signed requests for one server; `run` keeps their ids apart from those of other runs."""

    def __init__(self, port: int, path: str, run: str, count: int) -> None:
        self.count = count
        self._ids = [f"{run}-{n:08d}".encode() for n in range(count)]
        tail = _tail(len(self._ids[0]))
        self._signatures = [sign(body_of(id, tail)) for id in self._ids]
        self._template = _head(port, path) + _BODY_HEAD + b"%b" + tail.replace(b"%", b"%%")

    def request(self, n: int, sent: int) -> bytes:
        """The `n`-th request as it goes on the wire; `sent` in microseconds of the monotonic clock."""
        id = self._ids[n]
        return self._template % (id, sent, self._signatures[n], id)


def body_of(id: bytes, tail: bytes | None = None) -> bytes:
    """The body of the event `id`."""
    return _BODY_HEAD + id + (_tail(len(id)) if tail is None else tail)


def sign(body: bytes) -> bytes:
    """What the signature header says of `body`, without its prefix."""
    return hmac.digest(SECRET.encode(), body, "sha256").hex().encode()


def _tail(id_bytes: int) -> bytes:
    pad = BODY_BYTES - id_bytes - len(_BODY_HEAD) - len(_BODY_TAIL) - len(_BODY_END)
    return _BODY_TAIL + b"x" * pad + _BODY_END


def _head(port: int, path: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: bench/1",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {BODY_BYTES}",
        f"{ID_HEADER}: %b",
        f"{SENT_HEADER}: %d",
        f"{SIGNATURE_HEADER}: {SIGNATURE_PREFIX}%b",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
