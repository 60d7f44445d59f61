"""The events that the benchmark sends."""

import hashlib
import hmac

import orjson

from bench.http1 import header, message_end
from bench.message import BODY_BYTES, SECRET, Messages


def test_request_is_whole_and_signed() -> None:
    """Each request is one message of 1 KB of JSON with its own id, and its signature is its body's."""
    messages = Messages(8080, "/in/bench", "r1", 2)
    for n in range(2):
        raw = messages.request(n, 17)
        head, body = raw.split(b"\r\n\r\n", 1)
        assert message_end(raw) == len(raw)
        assert len(body) == BODY_BYTES
        assert orjson.loads(body)["id"] == f"r1-{n:08d}"
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert header(head.lower() + b"\r\n", head + b"\r\n", b"x-signature") == f"sha256={expected}".encode()


def test_moment_of_sending_is_not_signed() -> None:
    """The same event sent at another moment differs in that header alone."""
    messages = Messages(8080, "/in/bench", "r1", 1)
    assert messages.request(0, 5).replace(b"X-Sent: 5\r\n", b"X-Sent: 6\r\n") == messages.request(0, 6)
