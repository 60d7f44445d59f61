"""Mailgun: the signature does not cover the event, so its token is taken once."""

import orjson
import pytest

from relay.clock import SECOND
from relay.receive.examine import examine
from relay.receive.providers.protocol import Rejected
from tests.receive.providers.posting import NOW, hexmac, identity, post, provider, status

SECRET = "of the tests"
SOURCE = provider(provider="mailgun", secret=SECRET)
HOUR = 3600 * SECOND


def body(event: str, token: str = "t-1", at: int = NOW) -> bytes:
    stamp = str(at // SECOND)
    signature = {"timestamp": stamp, "token": token, "signature": hexmac(SECRET, f"{stamp}{token}".encode())}
    return orjson.dumps({"signature": signature, "event-data": {"id": event, "event": "opened"}})


def names(raw: bytes) -> set[str]:
    """All by which it is known."""
    named = identity(SOURCE, post({}, raw))
    return {named.key or "", *named.also}


def test_another_event_beside_a_known_signature_is_a_duplicate() -> None:
    """It verifies, and shares the token's name with the event that the signature came with."""
    forged = body("of a thief")
    assert status(SOURCE, post({}, forged)) == 200
    assert names(body("e-1")) & names(forged) == {"token:t-1"}


def test_a_retry_is_a_duplicate_whether_signed_anew_or_not() -> None:
    """By its id; another event with a token of its own is none."""
    assert names(body("e-1")) & names(body("e-1", "t-2")) == {"e-1"}
    assert names(body("e-1")) & names(body("e-2", "t-2")) == set()


@pytest.mark.parametrize(
    ("age", "answer"), [(8 * HOUR, 200), (24 * HOUR, 200), (24 * HOUR + SECOND, 401), (-25 * HOUR, 401)]
)
def test_a_signature_outlives_no_memory_of_its_token(age: int, answer: int) -> None:
    """Retries of 8 hours pass; what is older than a day does not, while tokens are remembered for a week."""
    assert status(SOURCE, post({}, body("e-1", at=NOW - age))) == answer


def test_an_empty_body_is_refused_as_such() -> None:
    """As every preset does, though it holds no proof."""
    found = examine(SOURCE, post({}), NOW)
    assert isinstance(found, Rejected)
    assert found.status == 400


def test_what_has_no_id_is_unusable() -> None:
    """Signed, but no event of Mailgun's."""
    found = examine(SOURCE, post({}, body("")), NOW)
    assert isinstance(found, Rejected)
    assert found.status == 400


def test_samples_are_events_of_their_own() -> None:
    """Each has an id and a token, and no two share one."""
    samples = [*SOURCE.samples(), *SOURCE.samples()]
    assert len(set[str]().union(*(names(sample.body) for sample in samples))) == 2 * len(samples)
