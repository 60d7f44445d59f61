"""Linear: an empty body, which cannot hold the moment of signing."""

from relay.receive.examine import examine
from relay.receive.providers.protocol import Rejected
from tests.receive.providers.posting import NOW, hexmac, post, provider

SOURCE = provider(provider="linear", secret="lin_wh_of-the-tests")


def answer(signature: str | None) -> int:
    headers = {"Linear-Delivery": "1"} | ({"Linear-Signature": signature} if signature is not None else {})
    found = examine(SOURCE, post(headers), NOW)
    assert isinstance(found, Rejected)
    return found.status


def test_an_empty_body_is_told_only_to_linear() -> None:
    """Signed, it is no event (400); unsigned, nobody's (401)."""
    assert answer(hexmac("lin_wh_of-the-tests", b"")) == 400
    assert [answer(hexmac("of another", b"")), answer(""), answer(None)] == [401, 401, 401]
