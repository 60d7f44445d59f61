"""HubSpot: the URL it signs, and lists of events."""

import base64
import hashlib
import hmac

import pytest

from relay.clock import MILLISECOND
from tests.receive.providers.posting import NOW, PUBLIC_URL, identity, post, provider, status

SECRET = "of the tests"
SOURCE = provider(provider="hubspot-v3", secret=SECRET)
BODY = b'[{"eventId":1,"subscriptionType":"contact.creation","occurredAt":1764000000123}]'


@pytest.mark.parametrize(
    ("asked", "signed", "answer"),
    [
        ("shop=1", "shop=1", 200),
        ("to=a%40b%3ac", "to=a%40b%3ac", 200),
        ("to=a%40b%3ac", "to=a@b:c", 200),
        ("to=a%20b%40", "to=a%20b@", 200),
        ("to=a%20b%40", "to=a b@", 401),
        ("to=a%40b%3ac", "to=a@b%3ac", 401),
        ("to=a%2540b", "to=a@b", 401),
        ("to=a%40b", "to=a%40c", 401),
    ],
)
def test_a_url_may_be_signed_as_it_is_or_with_some_of_it_decoded(
    asked: str, signed: str, answer: int
) -> None:
    """All that HubSpot's table names, once, and nothing else."""
    stamp = str(NOW // MILLISECOND)
    text = f"POST{PUBLIC_URL}/in/shop?{signed}".encode() + BODY + stamp.encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), text, "sha256")).decode()
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
    assert status(SOURCE, post(headers, BODY, query=asked)) == answer


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (BODY, "contact.creation"),
        (b'[{"subscriptionType":"a"},{"subscriptionType":"a"}]', "a"),
        (b'[{"subscriptionType":"a"},{"subscriptionType":"b"}]', None),
        (b'[{"subscriptionType":"a"},{}]', None),
        (b"[]", None),
        (b'{"subscriptionType":"a"}', None),
        (b"[7]", None),
    ],
)
def test_the_type_of_a_list_is_what_all_of_it_is(body: bytes, kind: str | None) -> None:
    """Else the source's name: a type that only the first has would mislead a route."""
    assert identity(SOURCE, post({}, body)).type == kind


def test_the_key_is_the_body_s_digest() -> None:
    """A list has no id of its own; what it holds happened when its first did."""
    named = identity(SOURCE, post({}, BODY))
    assert named.key == hashlib.sha256(BODY).hexdigest()
    assert named.occurred == 1_764_000_000_123_000
