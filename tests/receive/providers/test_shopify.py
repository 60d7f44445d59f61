"""The preset `shopify`: what its vectors do not show."""

import base64
import hmac

import pytest

from relay.receive.providers.protocol import Rejected, Request
from tests.receive.providers.posting import NOW, identity, post, provider, status

OLD, NEW = "shpss_old", "shpss_new"
SOURCE = provider(provider="shopify", secret=[NEW, OLD])
ORDER = b'{"id":9007199254740993001,"updated_at":"2026-01-05T03:00:00-05:00"}'
WEBHOOK = {
    "X-Shopify-Topic": "orders/updated",
    "X-Shopify-Shop-Domain": "ink.myshopify.com",
    "X-Shopify-API-Version": "2025-07",
    "X-Shopify-Webhook-Id": "id-of-a-webhook",
    "X-Shopify-Triggered-At": "2025-11-24T16:00:00.123456789Z",
}
EVENT = {
    "shopify-topic": "Product",
    "shopify-webhook-id": "id-of-an-event",
    "shopify-triggered-at": "2025-11-24T16:00:00Z",
}


def mac(body: bytes, secret: str = NEW) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def webhook(body: bytes = ORDER, secret: str = NEW, **headers: str) -> Request:
    own = {"X-Shopify-Hmac-Sha256": mac(body, secret), **WEBHOOK}
    return post({**own, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


def event(**headers: str) -> Request:
    own = {"shopify-hmac-sha256": mac(ORDER), **EVENT}
    return post({**own, **headers}, ORDER)


@pytest.mark.parametrize("secret", [OLD, NEW])
@pytest.mark.parametrize("name", ["X-Shopify-Hmac-SHA256", "shopify-hmac-sha256"])
def test_each_secret_in_each_family(secret: str, name: str) -> None:
    """After a rotation either secret may have signed, whatever the header is called."""
    assert status(SOURCE, post({name: mac(ORDER, secret)}, ORDER)) == 200


def test_families_are_not_mixed() -> None:
    """Beside the headers of Events those of webhooks name nothing, and neither fill a gap of the other."""
    both = {**WEBHOOK, "X-Shopify-Hmac-SHA256": mac(b"other")}
    for topic in ("orders/create", "orders/updated"):
        named = identity(SOURCE, event(**{**both, "X-Shopify-Topic": topic}))
        assert (named.key, named.type, named.also, named.occurred) == ("id-of-an-event", "Product", (), NOW)
    unnamed = {"shopify-hmac-sha256": mac(ORDER), **WEBHOOK}
    assert isinstance(SOURCE.identify(post(unnamed, ORDER)), Rejected)
    assert isinstance(SOURCE.identify(post(EVENT, ORDER)), Rejected)


@pytest.mark.parametrize(
    ("topic", "body", "also"),
    [
        ("orders/updated", ORDER, ("orders/updated:9007199254740993001@2026-01-05T03:00:00-05:00",)),
        ("orders/create", ORDER, ("orders/create:9007199254740993001",)),
        ("orders/paid", ORDER, ()),
        ("orders/updated", b'{"id":1}', ()),
        ("orders/updated", b"[]", ()),
        ("orders/create", b"<order/>", ()),
    ],
)
def test_the_order_list_s_names(topic: str, body: bytes, also: tuple[str, ...]) -> None:
    """Creations and updates are also named as the list of orders names them, long ids to their last digit."""
    named = identity(SOURCE, webhook(body, X_Shopify_Topic=topic))
    assert (named.key, named.type, named.also) == ("id-of-a-webhook", topic, also)


def test_when() -> None:
    """The moment of its trigger, to the microsecond."""
    assert identity(SOURCE, webhook()).occurred == NOW + 123_456


def test_unusable_is_400() -> None:
    """A signed request without what Shopify always sends is no event; nor is an empty body."""
    for name in ("Topic", "Shop-Domain", "API-Version", "Webhook-Id"):
        assert isinstance(SOURCE.identify(webhook(ORDER, **{f"X-Shopify-{name}": ""})), Rejected), name
    assert isinstance(SOURCE.identify(webhook(b"")), Rejected)


def test_waits_less_than_shopify() -> None:
    """Shopify gives up after 5 seconds, of which the connection may take one."""
    assert SOURCE.ack_timeout == 4
