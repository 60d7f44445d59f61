"""Samples of custom sources: signed as their senders would, named as their tables say."""

from dataclasses import replace
from typing import Any

import pytest

from relay.clock import SECOND, SystemClock
from relay.receive.providers.protocol import Sample
from relay.receive.providers.sample import retyped
from tests.receive.providers.posting import identity, post, provider, status

HMAC = {"type": "hmac", "header": "X-Sig"}
NAMES = {
    "id": ["body.event.id", "body.b"],
    "also": ["body.items[1].ref", 'body["a-b"]'],
    "type": "body.event.kind",
    "time": "body.at",
}
IN_HEADERS = {"id": 'headers["x-id"]', "type": 'headers["x-kind"]', "time": "headers.x"}
TABLES: list[dict[str, Any]] = [
    {"verify": "none"},
    {"verify": {"type": "bearer"}},
    {"verify": {"type": "basic", "username": "émile"}},
    {"verify": {"type": "token", "header": "X-Token", "prefix": "Key "}},
    {"verify": {"type": "token", "json": "value.*.state", "prefix": "k:"}},
    {"verify": HMAC},
    {"verify": HMAC | {"encoding": "base64", "algorithm": "sha512", "prefix": "p="}},
    {
        "verify": HMAC
        | {"item_separator": " ", "item_prefix": "v1,", "signed": "{header:X-Id}.{header:x-id}.{body}"}
    },
    {"verify": HMAC | {"timestamp": {"header": "X", "unit": "ms"}, "signed": "{ts}{header:x}{body}"}},
    {"verify": HMAC | {"timestamp": {"json": "sent.at"}, "signed": "{ts}{body}"}},
    {"verify": HMAC | {"pairs": {"time": "t", "signature": "v1"}, "timestamp": {}, "signed": "{ts}.{body}"}},
    {"verify": HMAC | {"pairs": {"time": "t", "signature": "v1"}, "signed": "{ts}.{body}"}},
    {"verify": HMAC | {"signed": "{method}{url}{path}{secret}{json:event.id}{body}"}},
    {"verify": HMAC | {"signed": "{url}{form_sorted}", "body_sha256_query": "bodySHA256"}},
    {"verify": HMAC | {"body_sha256_query": "bodySHA256"}},
    {
        "verify": {
            "type": "hmac",
            "json": "signature.signature",
            "signed": "{json:signature.timestamp}{json:signature.token}{ts}",
            "timestamp": {"json": "signature.timestamp"},
        }
    },
]


@pytest.mark.parametrize("names", [{}, NAMES, IN_HEADERS], ids=["nameless", "body", "headers"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table["verify"])[:60])
def test_what_it_signs_it_believes(table: dict[str, Any], names: dict[str, Any]) -> None:
    """Whatever the words, a sample verifies as it is posted."""
    secret: dict[str, Any] = {} if table["verify"] == "none" else {"secret": ["key: é", "old"]}
    shop = provider(**table, **names, **secret)
    for sample in shop.samples():
        now = SystemClock().now()
        headers = shop.sign(sample, now)
        assert dict(headers)[b"Content-Type"] == sample.content_type.encode()
        assert status(shop, post(headers, sample.body), now) == 200
        assert len({name.lower() for name, _ in headers}) == len(headers)


@pytest.mark.parametrize("names", [NAMES, IN_HEADERS], ids=["body", "headers"])
def test_samples_have_the_names(names: dict[str, Any]) -> None:
    """A sample holds what the table names, nested as named, a new id each time."""
    shop = provider(verify=HMAC, secret="s", **names)
    keys = set()
    for _ in range(2):
        (sample,) = shop.samples()
        now = SystemClock().now()
        named = identity(shop, post(shop.sign(sample, now), sample.body))
        assert named.type == sample.type == "shop.sample"
        assert named.key is not None
        assert named.occurred is not None
        assert abs(named.occurred - now) < 60 * SECOND
        assert len(named.also) == len(names.get("also", []))
        keys.add(named.key)
    assert len(keys) == 2


def test_a_body_that_is_a_list() -> None:
    """Where the token stands in a list at the top, so does the sample."""
    shop = provider(verify={"type": "token", "json": "*.state"}, secret="s", id="body[0].id")
    (sample,) = shop.samples()
    assert status(shop, post(shop.sign(sample, 0), sample.body)) == 200
    assert identity(shop, post({}, sample.body)).key is not None


def test_samples_of_a_digest() -> None:
    """Where the body's digest is the id, two samples are two events."""
    shop = provider(verify="none", id="digest")
    keys = {identity(shop, post({}, shop.samples()[0].body)).key for _ in range(2)}
    assert len(keys) == 2


def test_forms_have_the_names() -> None:
    """A source whose signature is over a form has a form as its sample."""
    shop = provider(verify=HMAC | {"signed": "{form_sorted}"}, secret="s", id="body.Sid", type="body.Kind")
    (sample,) = shop.samples()
    named = identity(shop, post(shop.sign(sample, 0), sample.body))
    assert sample.content_type == "application/x-www-form-urlencoded"
    assert (named.type, named.key is None) == ("shop.sample", False)


def test_a_type_of_ones_own() -> None:
    """A body and a type that a person gives are signed as they are."""
    shop = provider(verify=HMAC, secret="s", type="headers.x")
    sample = replace(retyped(shop.samples()[0], "order.paid"), body=b"\xff", content_type="text/plain")
    request = post(shop.sign(sample, 0), b"\xff")
    assert status(shop, request) == 200
    assert identity(shop, request).type == "order.paid"
    assert request.header("content-type") == b"text/plain"


def test_none_signs_nothing() -> None:
    """Where nothing is asked, nothing is added."""
    shop = provider(verify="none")
    assert shop.sign(Sample("x", b"{}"), 0) == ((b"Content-Type", b"application/json"),)


def test_without_type_it_is_the_source() -> None:
    """A sample is of the source's name where no field tells a type."""
    assert provider(verify="none").samples()[0].type == "shop"
