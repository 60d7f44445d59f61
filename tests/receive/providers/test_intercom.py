"""Intercom: how it tries an address, and its test request."""

from relay.receive.examine import examine
from relay.receive.providers.protocol import Answer, Identity, Rejected, Request
from tests.receive.providers.posting import NOW, hexmac, post, provider

SECRET = "of the tests"
SOURCE = provider(provider="intercom", secret=SECRET)


def found(body: bytes) -> object:
    signature = f"sha1={hexmac(SECRET, body, 'sha1')}"
    return examine(SOURCE, post({"X-Hub-Signature": signature}, body), NOW)


def test_the_trial_of_an_address_is_answered_and_tells_nothing() -> None:
    """By HEAD, unsigned; no other method but POST is taken."""
    assert examine(SOURCE, Request("HEAD", "/in/shop", "", (), b""), NOW) == Answer()
    assert SOURCE.methods == {"HEAD", "POST"}


def test_test_requests_are_events_of_their_own() -> None:
    """They have no id; the same one again is a duplicate, another is not."""
    ping = b'{"type":"notification_event","id":null,"topic":"ping","created_at":%d}'
    one, again, other = found(ping % 1764000000), found(ping % 1764000000), found(ping % 1764000001)
    assert isinstance(one, Identity)
    assert isinstance(other, Identity)
    assert (one.type, one.occurred, one == again) == ("ping", NOW, True)
    assert (one.key or "").startswith("ping:")
    assert one.key != other.key


def test_any_other_event_without_an_id_is_unusable() -> None:
    """Signed, but nothing that Intercom sends."""
    refused = found(b'{"id":null,"topic":"conversation.user.created"}')
    assert isinstance(refused, Rejected)
    assert refused.status == 400
