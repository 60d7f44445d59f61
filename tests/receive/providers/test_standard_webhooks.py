"""The preset `standard-webhooks`, with the specification's own library as the oracle."""

import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks

from relay.clock import SECOND
from relay.receive.providers.protocol import Rejected, Request, Sample
from tests.receive.providers.posting import NOW, identity, post, problems, provider, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another key of 24 bytes!").decode()
EVENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = '{"type":"user.created","timestamp":"2025-11-24T16:00:00.25Z","data":{"name":"Zoë 👋"}}'.encode()


def signature(body: bytes = BODY, stamp: int | str = NOW // SECOND, secret: str = SECRET) -> str:
    """What the specification's library signs."""
    moment = datetime.fromtimestamp(int(stamp), UTC)
    return standardwebhooks.Webhook(secret).sign(EVENT, moment, body.decode())


def message(body: bytes = BODY, stamp: int | str = NOW // SECOND, **headers: str | bytes) -> Request:
    """A signed message; what is given replaces a header."""
    usual: dict[str, str | bytes] = {
        "webhook-id": EVENT,
        "webhook-timestamp": str(stamp),
        "webhook-signature": headers.pop("signature", "") or signature(body, stamp),
    }
    return post(usual | {name.replace("_", "-"): value for name, value in headers.items()}, body)


SOURCE = provider(provider="standard-webhooks", secret=SECRET)


def test_published_value() -> None:
    """The specification's test value verifies."""
    request = message(
        b'{"test": 2432232314}', 1614265330, signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert status(SOURCE, request, 1614265330 * SECOND) == 200


GOOD = signature()
BARE = GOOD.removeprefix("v1,")
WRONG = signature(secret=OTHER)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GOOD, 200),
        (f"{WRONG} {GOOD}", 200),
        (f"v1a,{BARE} nonsense , v1 {GOOD}", 200),
        (f"  {GOOD}", 200),
        (WRONG, 401),
        (f"v1a,{BARE}", 401),
        (f"v2,{BARE}", 401),
        (f",{BARE}", 401),
        (BARE, 401),
        ("v1,", 401),
        ("v1", 401),
        (",", 401),
        (GOOD[:-1], 401),
        (GOOD + "=", 401),
        (GOOD.lower(), 401),
        (b"v1,\xff\xfe\x00", 401),
        ("v1,é", 401),
        (" ".join([WRONG] * 40 + [GOOD]), 401),
    ],
)
def test_signature_values(value: str | bytes, expected: int) -> None:
    """One right v1 signature in the list is enough; other versions and malformed items are passed over."""
    assert status(SOURCE, message(signature=value)) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, 200), (300 * SECOND, 200), (300 * SECOND + 1, 401), (-300 * SECOND, 200), (-300 * SECOND - 1, 401)],
)
def test_tolerance(age: int, expected: int) -> None:
    """300 seconds both ways pass, and not a microsecond more."""
    assert status(SOURCE, message(), NOW + age) == expected


@pytest.mark.parametrize(
    "stamp", ["", "x", "-1", "1e9", "1764000000.0", "0x10", "٣", " 1764000000", "9" * 18, "9" * 5_000]
)
def test_malformed_timestamps(stamp: str) -> None:
    """A timestamp that is no whole number near the present is 401, whatever it is."""
    assert status(SOURCE, message(webhook_timestamp=stamp)) == 401


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(name: str) -> None:
    """Without any one of its headers a message is 401, and so it is with another's value."""
    headers = {key.decode(): value for key, value in message().headers}
    assert status(SOURCE, post({key: value for key, value in headers.items() if key != name}, BODY)) == 401
    assert status(SOURCE, post(headers | {name: headers[name] + b"0"}, BODY)) == 401


def test_changed_body() -> None:
    """One byte changed is 401."""
    assert status(SOURCE, post(message().headers, BODY.replace(b"Z", b"z"))) == 401


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), f"{SECRET}==", f" {SECRET[6:]} "])
def test_forms_of_a_secret(secret: str) -> None:
    """A secret is taken with or without prefix and padding."""
    assert status(provider(provider="standard-webhooks", secret=secret), message()) == 200


def test_padding_may_be_missing() -> None:
    """Of a key whose base64 has padding, the secret works without it."""
    full = "whsec_" + base64.b64encode(b"k" * 25).decode()
    source = provider(provider="standard-webhooks", secret=full.rstrip("="))
    assert status(source, message(signature=signature(secret=full))) == 200


def test_any_of_several_secrets() -> None:
    """While a secret is changed, both verify."""
    source = provider(provider="standard-webhooks", secret=[OTHER, SECRET])
    assert status(source, message()) == 200
    assert status(source, message(signature=WRONG)) == 200


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("whsec_!!!", "it is no base64"),
        ("whsec_QQQQQ", "it is no base64"),
        ("whsec_", "it is empty"),
        ("whsk_" + "A" * 44, "it is no whsk_ key"),
        ("whsec_é", "it is no base64"),
    ],
)
def test_unusable_secrets(secret: str, text: str) -> None:
    """A secret that is no key does not load, and the problem does not tell it."""
    found = problems(provider="standard-webhooks", secret=secret)
    assert [(problem.path, problem.text) for problem in found] == [("source.shop.secret", text)]
    assert not any(secret[6:] in f"{problem}" for problem in found if secret[6:])


def test_svix_names() -> None:
    """Senders that use Svix's names are believed alike."""
    headers = {key.decode().replace("webhook", "svix"): value for key, value in message().headers}
    request = post(headers, BODY)
    assert status(SOURCE, request) == 200
    assert identity(SOURCE, request).key == EVENT


def test_names_are_not_mixed() -> None:
    """The id that names the event is the one that was signed: a second family changes nothing."""
    mixed = dict(message().headers) | {
        b"svix-id": b"stolen",
        b"svix-timestamp": b"1",
        b"svix-signature": b"v1,",
    }
    request = post(tuple(mixed.items()), BODY)
    assert status(SOURCE, request) == 200
    assert identity(SOURCE, request).key == EVENT
    unsigned = {key: value for key, value in mixed.items() if key != b"webhook-signature"}
    assert status(SOURCE, post(tuple(unsigned.items()), BODY)) == 401


@pytest.mark.parametrize(
    ("body", "kind", "occurred"),
    [
        (BODY, "user.created", NOW + SECOND // 4),
        (b"", None, NOW),
        (b"no json", None, NOW),
        (b'["type"]', None, NOW),
        (b'{"type":7,"timestamp":"soon"}', None, NOW),
        (b'{"type":"","timestamp":null}', None, NOW),
        (b'{"type":"a","timestamp":"2025-11-24T16:00:00+00:00"}', "a", NOW),
    ],
)
def test_names(body: bytes, kind: str | None, occurred: int) -> None:
    """Key, type and time are as the convention says; an empty body is a message too."""
    request = message(body)
    assert status(SOURCE, request) == 200
    named = identity(SOURCE, request)
    assert (named.key, named.type, named.occurred) == (EVENT, kind, occurred)


def test_unnamed_is_400() -> None:
    """Should it ever be asked, a message without id has no identity."""
    assert isinstance(SOURCE.identify(post({}, BODY)), Rejected)


def test_what_we_sign_the_library_believes() -> None:
    """The oracle verifies our samples, and so do we; of two secrets each believes."""
    source = provider(provider="standard-webhooks", secret=[OTHER, SECRET])
    now = int(datetime.now(UTC).timestamp()) * SECOND
    for sample in source.samples():
        headers = source.sign(sample, now)
        texts = {name.decode(): value.decode() for name, value in headers}
        for secret in (SECRET, OTHER):
            assert standardwebhooks.Webhook(secret).verify(sample.body, texts)["type"] == sample.type
        request = post(headers, sample.body)
        assert status(source, request, now) == 200
        assert identity(source, request).type == sample.type


def test_ids_are_new() -> None:
    """Two sendings of a sample are two events."""
    sample = Sample("x", b"{}")
    ids = [dict(SOURCE.sign(sample, NOW))[b"webhook-id"] for _ in range(2)]
    assert ids[0] != ids[1]
