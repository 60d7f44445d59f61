"""As much of HTTP/1.1 as the benchmark's own two ends need: where one message ends, and its headers."""

from typing import Final

END_OF_HEAD: Final = b"\r\n\r\n"


class BadMessage(ValueError):
    """The other side speaks no HTTP/1.1 that this can read."""


def message_end(buffer: bytes) -> int:
    """Where the first message of `buffer` ends: an offset, or 0 where more has to come."""
    head = buffer.find(END_OF_HEAD)
    if head < 0:
        return 0
    end = head + len(END_OF_HEAD) + content_length(buffer[: head + 2])
    return end if len(buffer) >= end else 0


def content_length(head: bytes) -> int:
    """How many bytes of body follow `head`; chunks are not read here."""
    length = header(head.lower(), head, b"content-length")
    if length is not None:
        return int(length)
    if b"\r\ntransfer-encoding:" in head.lower():
        raise BadMessage("chunked messages are not read here")
    return 0


def header(lowered: bytes, head: bytes, name: bytes) -> bytes | None:
    """The value of `name` (lower case) in `head`; `lowered` is the same head in lower case."""
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    return head[start : head.find(b"\r\n", start)].strip()
