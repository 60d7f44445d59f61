"""Where one message of the benchmark's ends."""

import pytest

from bench.http1 import BadMessage, header, message_end

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Sent: 17\r\n\r\n"


def test_whole_message() -> None:
    """A message ends where its body does, whatever follows."""
    assert message_end(HEAD + b"abc" + HEAD) == len(HEAD) + 3


@pytest.mark.parametrize("cut", range(len(HEAD) + 3))
def test_part_of_a_message(cut: int) -> None:
    """No part of a message is taken for the whole, wherever it is cut."""
    assert message_end((HEAD + b"abc")[:cut]) == 0


def test_no_body() -> None:
    """Without a length there is no body."""
    assert message_end(b"HTTP/1.1 200 OK\r\n\r\n") == 19


def test_chunked() -> None:
    """What cannot be read is said, not guessed."""
    with pytest.raises(BadMessage):
        message_end(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def test_header() -> None:
    """A header is found whatever its case, and its value is as it came."""
    head = b"POST / HTTP/1.1\r\nX-SENT:  AbC \r\n"
    assert header(head.lower(), head, b"x-sent") == b"AbC"
    assert header(head.lower(), head, b"sent") is None
