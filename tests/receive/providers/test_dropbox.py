"""The preset `dropbox`: its handshake."""

import pytest

from relay.receive.providers.protocol import Answer, Request
from tests.receive.providers.posting import NOW, provider

SOURCE = provider(provider="dropbox", secret="dropbox-app-secret")


@pytest.mark.parametrize(
    ("method", "query", "echoed"),
    [
        ("GET", "challenge=aZ_9-x", b"aZ_9-x"),
        ("GET", "a=1&challenge=Z%C3%BCri+1", "Züri 1".encode()),
        ("GET", "challenge=%FF%00", b"\xff\x00"),
        ("GET", "challenge=", None),
        ("GET", "", None),
        ("POST", "challenge=aZ_9-x", None),
    ],
)
def test_the_challenge_comes_back(method: str, query: str, echoed: bytes | None) -> None:
    """As plain text, byte for byte; and nothing else is answered."""
    answer = SOURCE.greet(Request(method, "/in/dropbox", query, (), b""), NOW, proven=False)
    if echoed is None:
        assert answer is None
    else:
        assert isinstance(answer, Answer)
        assert (answer.body, answer.content_type) == (echoed, "text/plain; charset=utf-8")
