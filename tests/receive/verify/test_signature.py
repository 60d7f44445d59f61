"""`verify = { type = "hmac" }`: every wording, every text, every age."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from relay.clock import SECOND
from tests.receive.providers.posting import NOW, hexmac, post, provider, status

STAMP = str(NOW // SECOND)
BODY = '{"a": "ü", "sent": {"at": 1764000000, "by": "x", "ok": true, "f": 1.5}}\r\n'.encode()


def source(**verify: Any) -> Any:
    """A source with an HMAC over the body in X-Sig; what is given replaces that."""
    secret = verify.pop("secret", "key")
    return provider(verify={"type": "hmac", "header": "X-Sig"} | verify, secret=secret)


def digest(text: bytes, key: bytes = b"key", algorithm: str = "sha256") -> bytes:
    return hmac.new(key, text, getattr(hashlib, algorithm)).digest()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_algorithms_and_encodings(algorithm: str, encoding: str) -> None:
    """Each algorithm in each encoding verifies its own, and neither another key's nor another body's."""
    shop = source(algorithm=algorithm, encoding=encoding)

    def text(key: bytes) -> str:
        raw = digest(BODY, key, algorithm)
        return raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()

    assert status(shop, post({"x-sig": text(b"key")}, BODY)) == 200
    assert status(shop, post({"x-sig": text(b"kex")}, BODY)) == 401
    assert status(shop, post({"x-sig": text(b"key")}, BODY[:-1])) == 401
    assert status(shop, post({"x-sig": text(b"key")[:-1]}, BODY)) == 401


HEX = hexmac("key", BODY)
B64 = base64.b64encode(digest(BODY)).decode()


@pytest.mark.parametrize(
    ("words", "value", "expected"),
    [
        ({}, HEX, 200),
        ({}, HEX.upper(), 200),
        ({}, f"sha256={HEX}", 401),
        ({}, b"\xff" + HEX.encode(), 401),
        ({"prefix": "sha256="}, f"sha256={HEX}", 200),
        ({"prefix": "sha256="}, HEX, 401),
        ({"prefix": "sha256="}, f"SHA256={HEX}", 401),
        ({"encoding": "base64"}, B64, 200),
        ({"encoding": "base64"}, B64.swapcase(), 401),
        ({"encoding": "base64"}, B64.rstrip("="), 401),
        ({"item_separator": " ", "item_prefix": "v1,"}, f"v1,{HEX}", 200),
        ({"item_separator": " ", "item_prefix": "v1,"}, f"v2,{HEX} v1,00 v1,{HEX}", 200),
        ({"item_separator": " ", "item_prefix": "v1,"}, f"v2,{HEX} {HEX}", 401),
        ({"item_separator": " ", "item_prefix": "v1,"}, f"{'v1,0 ' * 40}v1,{HEX}", 401),
        ({"item_separator": ","}, f"00,,{HEX}", 200),
        ({"item_separator": ","}, "", 401),
        ({"pairs": {"signature": "v1"}}, f"v0={HEX}x,v1=00,v1={HEX}", 200),
        ({"pairs": {"signature": "v1"}}, f"t=1, v1={HEX}", 200),
        ({"pairs": {"signature": "v1"}}, f"v0={HEX}", 401),
        ({"pairs": {"signature": "v1"}}, "v1", 401),
        ({"pairs": {"signature": "v1"}}, HEX, 401),
        ({"pairs": {"signature": "v1"}, "prefix": "sig "}, f"sig v1={HEX}", 200),
    ],
)
def test_wordings(words: dict[str, Any], value: str | bytes, expected: int) -> None:
    """The value is read as worded: prefix, list, pairs; any one right signature is enough."""
    assert status(source(**words), post({"X-Sig": value}, BODY)) == expected


@pytest.mark.parametrize(
    ("encoding", "strip", "secret"),
    [
        ("utf8", "", "clé 🔑"),
        ("utf8", "whsec_", "whsec_clé 🔑"),
        ("hex", "", "clé 🔑".encode().hex()),
        ("base64", "", base64.b64encode("clé 🔑".encode()).decode()),
        ("base64", "whsec_", "whsec_" + base64.b64encode("clé 🔑".encode()).decode().rstrip("=")),
    ],
)
def test_encodings_of_the_secret(encoding: str, strip: str, secret: str) -> None:
    """The key is the secret decoded, its prefix taken off if so worded."""
    shop = source(secret=secret, secret_encoding=encoding, secret_strip_prefix=strip)
    assert status(shop, post({"X-Sig": hexmac("clé 🔑", BODY)}, BODY)) == 200


def test_a_prefix_of_the_secret_counts_unless_stripped() -> None:
    """A secret is used literally: Stripe's whsec_ is part of its key."""
    assert status(source(secret="whsec_x"), post({"X-Sig": hexmac("whsec_x", BODY)}, BODY)) == 200


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("v0:{header:X-When}:{body}", b"v0:then:" + BODY),
        ("{header:x-when}{header:X-WHEN}", b"thenthen"),
        ("{method}{url}{body}", b"POSThttps://hooks.example.com/in/shop?a=%20b&c" + BODY),
        ("{path}|", b"/in/shop|"),
        ("{json:sent.at}.{json:a}", "1764000000.ü".encode()),
        ("{secret}{body}", b"key" + BODY),
        ("constant", b"constant"),
    ],
)
def test_signed_texts(template: str, text: bytes) -> None:
    """Each placeholder stands for what was received."""
    headers = {"X-Sig": hexmac("key", text), "x-When": "then"}
    shop = source(signed=template)
    assert status(shop, post(headers, BODY, query="a=%20b&c")) == 200
    assert status(shop, post(headers | {"X-Sig": hexmac("key", text + b"x")}, BODY, query="a=%20b&c")) == 401


@pytest.mark.parametrize(
    "template",
    [
        "{header:X-None}{body}",
        "{json:sent.by.x}",
        "{json:none}",
        "{json:sent}",
        "{json:sent.ok}",
        "{json:sent.f}",
    ],
)
def test_missing_parts(template: str) -> None:
    """What is signed but not there is 401, never taken for empty."""
    for text in (b"", BODY):
        assert status(source(signed=template), post({"X-Sig": hexmac("key", text)}, BODY)) == 401


FORM = b"To=%2B41&Body=Gr%C3%BCezi+dir&To=%2B41&To=1&Empty=&x"
FORM_TEXT = "https://hooks.example.com/in/shopBodyGrüezi dirEmptyTo+41To1x".encode()


@pytest.mark.parametrize(
    ("content_type", "text", "expected"),
    [
        ("application/x-www-form-urlencoded", FORM_TEXT, 200),
        ("application/x-www-form-urlencoded; charset=UTF-8", FORM_TEXT, 200),
        ("application/json", FORM_TEXT, 401),
        ("application/json", FORM_TEXT[: len("https://hooks.example.com/in/shop")], 200),
    ],
)
def test_form_sorted(content_type: str, text: bytes, expected: int) -> None:
    """The form's distinct pairs, sorted, without separators; nothing of what is no form."""
    shop = source(signed="{url}{form_sorted}")
    request = post({"Content-Type": content_type, "X-Sig": hexmac("key", text)}, FORM)
    assert status(shop, request) == expected


def test_a_form_of_too_many_fields() -> None:
    """Forms are parsed before they are believed, so one of 1,001 fields is none."""
    for fields, expected in ((1_000, 200), (1_001, 401)):
        body = b"&".join([b"a"] * fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Sig": hexmac("key", b"a")}
        assert status(source(signed="{form_sorted}"), post(headers, body)) == expected


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (f"bodySHA256={hashlib.sha256(BODY).hexdigest()}", {}, 200),
        (f"a=b&bodySHA256={hashlib.sha256(BODY).hexdigest().upper()}", {}, 200),
        (f"bodySHA256={hashlib.sha256(b'').hexdigest()}", {}, 401),
        ("bodySHA256=%ff\udcff", {}, 401),
        ("", {}, 401),
        ("", {"Content-Type": "application/x-www-form-urlencoded"}, 401),
    ],
)
def test_digest_in_the_query(query: str, headers: dict[str, str], expected: int) -> None:
    """Where the signature covers the URL only, the query must hold the body's digest."""
    signed = b"/in/shop"
    shop = source(signed="{path}", body_sha256_query="bodySHA256")
    assert status(shop, post(headers | {"X-Sig": hexmac("key", signed)}, BODY, query)) == expected


def test_digest_is_not_needed_where_the_body_is_signed() -> None:
    """A form that is signed itself needs no digest; any other body does."""
    shop = source(signed="{form_sorted}", body_sha256_query="bodySHA256")
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Sig": hexmac("key", b"a1")}
    assert status(shop, post(form, b"a=1")) == 200
    assert status(shop, post({"X-Sig": hexmac("key", b"")}, b"a=1")) == 401
    whole = source(body_sha256_query="bodySHA256")
    assert status(whole, post({"X-Sig": HEX}, BODY)) == 200


@pytest.mark.parametrize(
    ("stamp", "age", "expected"),
    [
        ({}, 0, 200),
        ({}, 300, 200),
        ({}, 301, 401),
        ({}, -300, 200),
        ({}, -301, 401),
        ({"future": False}, -100_000, 200),
        ({"future": False}, 301, 401),
        ({"tolerance": "1s"}, 1, 200),
        ({"tolerance": "1s"}, 2, 401),
    ],
)
def test_ages(stamp: dict[str, Any], age: int, expected: int) -> None:
    """An age equal to the tolerance passes; both ways, unless the future is free."""
    shop = source(signed="{ts}.{body}", timestamp={"header": "X-When"} | stamp)
    headers = {"X-Sig": hexmac("key", STAMP.encode() + b"." + BODY), "X-When": STAMP}
    assert status(shop, post(headers, BODY), NOW + age * SECOND) == expected


@pytest.mark.parametrize(
    "text", [None, "", "-1764000000", "1764000000.0", "x", "١٧٦٤٠٠٠٠٠٠", "9" * 30, "+1764000000"]
)
def test_malformed_times(text: str | None) -> None:
    """What is no whole number is 401, though it be signed."""
    shop = source(signed="{body}", timestamp={"header": "X-When"})
    headers = {"X-Sig": HEX} | ({} if text is None else {"X-When": text})
    assert status(shop, post(headers, BODY)) == 401


def test_places_of_a_time() -> None:
    """The time may stand in a header, in the body, or beside the signature; in seconds or milliseconds."""
    millis = f"{NOW // 1_000}"
    shop = source(timestamp={"header": "X-When", "unit": "ms"})
    assert status(shop, post({"X-Sig": HEX, "X-When": millis}, BODY)) == 200
    assert status(shop, post({"X-Sig": HEX, "X-When": STAMP}, BODY)) == 401
    shop = source(timestamp={"json": "sent.at"})
    assert status(shop, post({"X-Sig": HEX}, BODY)) == 200
    assert status(shop, post({"X-Sig": HEX}, BODY), NOW + 301 * SECOND) == 401


def test_a_text_signature_in_the_body() -> None:
    """A signature in the body over other fields of it, as Mailgun's."""
    shop = provider(
        verify={
            "type": "hmac",
            "json": "signature.signature",
            "signed": "{json:signature.timestamp}{json:signature.token}",
            "timestamp": {"json": "signature.timestamp"},
        },
        secret="key",
    )
    text = hexmac("key", f"{STAMP}abc".encode())
    body = '{"signature": {"timestamp": "%s", "token": "abc", "signature": "%s"}}'
    assert status(shop, post({}, (body % (STAMP, text)).encode())) == 200
    assert status(shop, post({}, (body % (STAMP, text[1:])).encode())) == 401
    assert status(shop, post({}, (body % (NOW // SECOND - 301, text)).encode())) == 401
    assert status(shop, post({}, b"{}")) == 401


def test_pairs_as_stripe_signs() -> None:
    """Time and signatures in one header: the first time counts, any one signature is enough."""
    shop = source(
        header="Stripe-Signature",
        pairs={"time": "t", "signature": "v1"},
        signed="{ts}.{body}",
        timestamp={"tolerance": "300s", "future": False},
    )
    right = hexmac("key", STAMP.encode() + b"." + BODY)
    for value, expected in (
        (f"t={STAMP},v1={right}", 200),
        (f"t={STAMP},v1=0,v1={right},v0={right}", 200),
        (f"t={STAMP},v0={right}", 401),
        (f"t={STAMP},t=1,v1={right}", 200),
        (f"t=1,t={STAMP},v1={right}", 401),
        (f"v1={right}", 401),
        (f"t=,v1={right}", 401),
    ):
        assert status(shop, post({"Stripe-Signature": value}, BODY)) == expected, value
    late = post({"Stripe-Signature": f"t={STAMP},v1={right}"}, BODY)
    assert status(shop, late, NOW + 301 * SECOND) == 401


def test_the_first_of_repeated_headers_counts() -> None:
    """A second header of the name can neither make nor break a signature."""
    wrong, right = (b"X-Sig", b"0"), (b"x-sig", HEX.encode())
    assert status(source(), post((right, wrong), BODY)) == 200
    assert status(source(), post((wrong, right), BODY)) == 401


def test_any_of_several_secrets() -> None:
    """Each of the secrets verifies, in the plain case and the general one."""
    for words in ({}, {"signed": "{secret}{body}"}):
        shop = source(secret=["new", "key"], **words)
        for key, expected in (("new", 200), ("key", 200), ("old", 401)):
            text = key.encode() + BODY if words else BODY
            assert status(shop, post({"X-Sig": hexmac(key, text)}, BODY)) == expected
