"""What relay signs with at a target, and where its secrets there are told."""

import base64
from pathlib import Path

import pytest

from relay.config.target import HmacSign, MtlsAuth, StandardSign
from tests.config.conftest import Reads, Tells

HMAC = 'type = "hmac", header = "X-A", secret = { env = "S" }'
ROUTE = '\n[route.r]\nfrom = "relay"\nto = ["a"]'
WHSEC = "whsec_" + base64.b64encode(b"k").decode()


def target(**keys: str) -> str:
    """A target with further keys, as TOML."""
    return '[target.a]\nurl = "https://a.example"\n' + "\n".join(
        f"{key} = {value}" for key, value in keys.items()
    )


@pytest.mark.parametrize(
    "secret",
    [
        WHSEC,
        WHSEC.rstrip("="),
        "whsk_" + base64.b64encode(bytes(32)).decode(),
        "whsk_" + base64.b64encode(bytes(64)).decode(),
    ],
)
def test_keys_of_standard_webhooks(reads: Reads, secret: str) -> None:
    """`whsec_` of any length, `whsk_` of a seed, or of seed and public key."""
    text = target(sign='{ type = "standard-webhooks", secret = [{ env = "K" }, { env = "K" }] }')
    sign = reads(text, K=secret).config.target["a"].sign
    assert isinstance(sign, StandardSign)
    assert [key.reveal() for key in sign.secret] == [secret] * 2


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("whsec_", "is no key of Standard Webhooks (whsec_ or whsk_, and base64)"),
        ("whsec_hush!", "is no key of Standard Webhooks (whsec_ or whsk_, and base64)"),
        ("whsec_hushé", "is no key of Standard Webhooks (whsec_ or whsk_, and base64)"),
        ("hush me", "is no key of Standard Webhooks (whsec_ or whsk_, and base64)"),
        (
            "whsk_aHVzaA==",
            "is no private key (whsk_ and base64 of the ed25519 seed, 32 bytes, or of seed and public key)",
        ),
        (
            "whpk_" + base64.b64encode(bytes(32)).decode(),
            "is a public key, which only verifies (whsk_… signs)",
        ),
    ],
)
def test_what_is_no_key(tells: Tells, secret: str, told: str) -> None:
    """Told at that one of the list, and not what it is."""
    one = target(sign='{ type = "standard-webhooks", secret = { env = "K" } }')
    assert tells(one, K=secret) == [f"F:3: target.a.sign.secret: {told}"]
    two = target(sign='{ type = "standard-webhooks", secret = [{ env = "L" }, { env = "K" }] }')
    lines = tells(two, K=secret, L=WHSEC)
    assert lines == [f"F:3: target.a.sign.secret[1]: {told}"]
    assert "hush" not in lines[0]


def test_a_hmac_takes_any_secret(reads: Reads) -> None:
    """Receivers of that form take the text as it is."""
    sign = reads(target(sign=f"{{ {HMAC} }}"), S="any text").config.target["a"].sign
    assert isinstance(sign, HmacSign)
    assert (sign.algorithm, sign.encoding, sign.prefix, sign.signed) == ("sha256", "hex", "", "{body}")


@pytest.mark.parametrize(
    ("signed", "told"),
    [
        ("{ts}.{body}", 'unknown placeholder "{ts}" (there are {body} {id} {url})'),
        ("{header:X-A}{body}", 'unknown placeholder "{header:X-A}" (there are {body} {id} {url})'),
        ("{body}}", "a brace without its other half (there are {body} {id} {url})"),
    ],
)
def test_what_a_signature_cannot_cover(tells: Tells, signed: str, told: str) -> None:
    """Only what relay sends and the receiver can know."""
    text = target(sign=f'{{ {HMAC}, signed = "{signed}" }}')
    assert tells(text, S="x") == [f"F:3: target.a.sign.signed: {told}"]


@pytest.mark.parametrize("name", ["Host", "relay-event-id", "Idempotency-Key", "Transfer-Encoding"])
def test_where_a_signature_cannot_stand(tells: Tells, name: str) -> None:
    """Relay, or the connection, writes there itself."""
    text = target(sign=f'{{ type = "hmac", header = "{name}", secret = "x" }}')
    (told,) = tells(text, S="x")
    assert told.startswith(f'F:3: target.a.sign.header: "{name}" cannot be set (')


# secrets


def test_secrets_in_plain_text(reads: Reads) -> None:
    """Each is told where it stands: of a list by its place, of a login by its key; a certificate is none."""
    pem = "'''\n-----BEGIN CERTIFICATE-----\n'''"
    key = "'''\n-----BEGIN PRIVATE KEY-----\n'''"
    text = (
        '[target.a]\nurl = "https://a"\n'
        f'sign = {{ type = "standard-webhooks", secret = ["{WHSEC}", "{WHSEC}"] }}\n'
        f'[target.a.auth]\ntype = "mtls"\ncertificate = {pem}\nkey = {key}\n'
        '[target.b]\nurl = "https://a"\nauth = { type = "bearer", token = "x" }\n'
        'sign = { type = "hmac", header = "X-A", secret = "x" }\n'
        '[route.r]\nfrom = "relay"\nto = ["a", "b"]'
    )
    assert [warning.path for warning in reads(text).warnings] == [
        "target.a.sign.secret[0]",
        "target.a.sign.secret[1]",
        "target.a.auth.key",
        "target.b.auth.token",
        "target.b.sign.secret",
    ]


def test_credentials_that_are_not_there_yet(reads: Reads) -> None:
    """`relay check` goes on without them, and tells each."""
    lost = '{ credential = "c" }'
    text = (
        f'[target.a]\nurl = "https://a"\nauth = {{ type = "mtls", certificate = {lost}, key = {lost} }}\n'
        f'sign = {{ type = "standard-webhooks", secret = {lost} }}\n'
        f'[target.b]\nurl = "https://a"\nauth = {{ type = "oauth2", token_url = {lost}, client_id = {lost},'
        f' client_secret = {lost}, form = {{ scope = {lost} }} }}\n[route.r]\nfrom = "relay"\nto = ["a", "b"]'
    )
    warnings = reads(text, checking=True).warnings
    assert {warning.text for warning in warnings} == {"this credential is not there now"}
    assert [warning.path for warning in warnings] == [
        "target.a.auth.certificate",
        "target.a.auth.key",
        "target.a.sign.secret",
        "target.b.auth.token_url",
        "target.b.auth.client_id",
        "target.b.auth.client_secret",
        "target.b.auth.form.scope",
    ]


def test_a_key_in_a_file(reads: Reads, tells: Tells, tmp_path: Path) -> None:
    """By its path, beside the config file; one that is not there is told."""
    (tmp_path / "relay.key").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "relay.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    text = target(auth='{ type = "mtls", certificate = "relay.pem", key = "relay.key" }')
    loaded = reads(text + ROUTE)
    auth = loaded.config.target["a"].auth
    assert isinstance(auth, MtlsAuth)
    assert auth.key.reveal() == "-----BEGIN PRIVATE KEY-----"
    assert loaded.warnings == ()
    assert tells(text.replace("relay.key", "none.key")) == [
        'F:3: target.a.auth.key: the file "DIR/none.key" cannot be read: No such file or directory'
    ]
    assert tells(text.replace("relay.key", "")) == [
        "F:3: target.a.auth.key: must be the path of a PEM file (or a secret that holds the PEM)"
    ]
    (told,) = tells(text.replace("relay.key", "MC4CAQAwBQYDK2VwBCIEIHushHushHushHushHushHushHushHushHus"))
    assert told.startswith("F:3: target.a.auth.key: is neither the path of a PEM file nor PEM (")
    assert "Hush" not in told


def test_a_signature_of_nothing(reads: Reads) -> None:
    """One that does not cover the body proves nothing about it: a warning."""
    text = target(sign=f'{{ {HMAC}, signed = "{{id}}" }}')
    assert [warning.at("F") for warning in reads(text + ROUTE, S="x").warnings] == [
        (
            "F:3: warning: target.a.sign.signed: does not cover the body: whoever saw one could send any"
            ' (signed = "{body}")'
        )
    ]
