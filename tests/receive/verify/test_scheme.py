"""`verify` of the types digest, ed25519 and ecdsa."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from relay.clock import SECOND, SystemClock
from relay.config.secret import STAND_IN, Secret
from relay.errors import RelayError
from relay.receive.providers.protocol import Provider, Request
from relay.receive.verify.key_pair import private_pem
from tests.authority import rsa_key
from tests.receive.providers.posting import NOW, post, problems, provider, status

BODY = '{"a": "ü"}\r\n'.encode()
STAMP = b"1764000000"
ED, OTHER_ED = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
EC, OTHER_EC = ec_key(SECP256R1()), ec_key(SECP384R1())
STAMPED = {"header": "X-Sig", "signed": "{ts}{body}", "timestamp": {"header": "X-At"}}


def public(key: Any, encoding: str) -> str:
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes_raw()
    else:
        raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return written(raw, encoding).decode()


def written(raw: bytes, encoding: str) -> bytes:
    return raw.hex().encode() if encoding == "hex" else base64.b64encode(raw)


def signature(key: Any, text: bytes, hashed: HashAlgorithm | None = None) -> bytes:
    if isinstance(key, EllipticCurvePrivateKey):
        return key.sign(text, ECDSA(hashed or SHA256()))
    signed: bytes = key.sign(text)
    return signed


# digest


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_digests(algorithm: str, encoding: str) -> None:
    """The bare hash of secret and body, of either secret; of another secret or body it is refused."""
    words = {"type": "digest", "algorithm": algorithm, "encoding": encoding}
    shop = provider(verify={**words, "header": "X-Sig", "signed": "{secret}:{body}"}, secret=["new", "old"])

    def text(secret: bytes) -> bytes:
        return written(hashlib.new(algorithm, secret + b":" + BODY).digest(), encoding)

    assert status(shop, post({"X-Sig": text(b"new")}, BODY)) == 200
    assert status(shop, post({"X-Sig": text(b"old")}, BODY)) == 200
    assert status(shop, post({"X-Sig": text(b"none")}, BODY)) == 401
    assert status(shop, post({"X-Sig": text(b"new")}, BODY + b" ")) == 401
    assert status(shop, post({"X-Sig": text(b"new")[:-1]}, BODY)) == 401
    assert status(shop, post({}, BODY)) == 401


def test_a_digest_without_the_secret_does_not_load() -> None:
    """Anybody could make one."""
    found = problems(verify={"type": "digest", "header": "X-Sig"}, secret="s")
    assert [problem.at("f") for problem in found] == [
        "f: source.shop.verify.signed: anybody could hash that (it must name {secret}: {secret}{body})"
    ]


# key pairs


def paired(kind: str, key: Any, *more: Any, **verify: Any) -> Provider:
    written = verify.get("secret_encoding", "hex" if kind == "ed25519" else "base64")
    secret = [public(each, written) for each in (key, *more)]
    return provider(verify={"type": kind, **STAMPED, **verify}, secret=secret)


def stamped(given: str) -> dict[str, str | bytes]:
    return {"X-Sig": given, "X-At": STAMP}


KINDS = [("ed25519", ED, OTHER_ED), ("ecdsa", EC, OTHER_EC)]


@pytest.mark.parametrize(("kind", "key", "other"), KINDS)
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("secret_encoding", ["hex", "base64"])
def test_signatures_by_private_keys(
    kind: str, key: Any, other: Any, encoding: str, secret_encoding: str
) -> None:
    """One over timestamp and body verifies with the public key, and by no other, of no other text."""
    shop = paired(kind, key, encoding=encoding, secret_encoding=secret_encoding)
    good = signature(key, STAMP + BODY)
    for given, body, expected in [
        (written(good, encoding), BODY, 200),
        (written(good, encoding), BODY + b" ", 401),
        (written(signature(key, BODY), encoding), BODY, 401),
        (written(signature(other, STAMP + BODY), encoding), BODY, 401),
        (written(good[:-1], encoding), BODY, 401),
        (written(good + b"\0", encoding), BODY, 401),
        (written(good, "base64" if encoding == "hex" else "hex"), BODY, 401),
        (written(good, encoding) + b" ", BODY, 401),
        (b" " + written(good, encoding), BODY, 401),
        (written(bytes(64), encoding), BODY, 401),
        (written(bytes.fromhex("3006020100020100"), encoding), BODY, 401),
        (b"\xff\xfe", BODY, 401),
        ("é".encode() * 64, BODY, 401),
        (b"", BODY, 401),
        (b"0" * 100_000, BODY, 401),
    ]:
        assert status(shop, post({"X-Sig": given, "X-At": STAMP}, body)) == expected, given[:80]
    assert status(shop, post({"X-At": STAMP}, BODY)) == 401
    assert status(shop, post({"X-Sig": written(good, encoding)}, BODY)) == 401
    late = NOW + 301 * SECOND
    assert status(shop, post({"X-Sig": written(good, encoding), "X-At": STAMP}, BODY), late) == 401


@pytest.mark.parametrize(("kind", "key", "other"), KINDS)
def test_several_keys_at_once(kind: str, key: Any, other: Any) -> None:
    """While a sender changes its key, both verify."""
    shop = paired(kind, key, other, encoding="hex")
    for each in (key, other):
        assert status(shop, post(stamped(signature(each, STAMP + BODY).hex()), BODY)) == 200


def test_few_signatures_of_a_list_are_tried() -> None:
    """Each costs 50 times an HMAC: a list of them is no way to keep relay busy."""
    shop = paired("ed25519", ED, item_separator=" ")
    good = signature(ED, STAMP + BODY).hex()
    for before, expected in ((3, 200), (4, 401)):
        value = " ".join([*["00" * 64] * before, good])
        assert status(shop, post(stamped(value), BODY)) == expected


def test_ecdsa_hashes_as_it_is_told() -> None:
    """`algorithm` is the hash that is signed."""
    shop = paired("ecdsa", EC, algorithm="sha512", encoding="hex")
    for hashed, expected in ((SHA512(), 200), (SHA256(), 401)):
        assert status(shop, post(stamped(signature(EC, STAMP + BODY, hashed).hex()), BODY)) == expected


RSA_SPKI = rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("ed25519", "00" * 31),
        ("ed25519", "00" * 33),
        ("ed25519", "zz" * 32),
        ("ecdsa", "bm8="),
        ("ecdsa", "!!!!"),
        ("ecdsa", base64.b64encode(RSA_SPKI).decode()),
        ("ecdsa", base64.b64encode(ED.public_key().public_bytes_raw()).decode()),
    ],
    ids=["short", "long", "no hex", "no key", "no base64", "RSA", "ed25519"],
)
def test_what_is_no_public_key_does_not_load(kind: str, secret: str) -> None:
    """It is a problem at `secret`, told without it."""
    (problem,) = problems(verify={"type": kind, **STAMPED}, secret=[secret])
    assert problem.path == "source.shop.secret"
    assert secret not in problem.at("f")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_credential_that_is_not_at_hand(kind: str) -> None:
    """`relay check` has only a stand-in for it, which need be no key."""
    for encoding in ("hex", "base64"):
        words = {"type": kind, **STAMPED, "secret_encoding": encoding}
        assert provider(verify=words, secret=Secret(STAND_IN, missing=True)).needs_key


@pytest.mark.parametrize(("kind", "key", "other"), KINDS)
def test_signing_with_a_key_of_ones_own(kind: str, key: Any, other: Any) -> None:
    """Without the private key it cannot sign; with it, what it signs verifies by its public half."""
    shop = paired(kind, key, signed="{header:X-Id}.{ts}.{body}")
    assert shop.needs_key
    signing = shop.with_key(private_pem(key))
    assert not signing.needs_key
    assert shop.needs_key, "the one that serves senders is left as it was"
    now = SystemClock().now()
    sample = signing.samples()[0]
    request = Request("POST", "/in/shop", "", signing.sign(sample, now), sample.body)
    assert shop.verify(request, now) is None
    assert shop.public_half(private_pem(key)) == ("secret", public(key, "hex" if key is ED else "base64"))
    stranger = shop.with_key(private_pem(other))
    assert shop.verify(Request("POST", "/in/shop", "", stranger.sign(sample, now), sample.body), now)
    made = shop.new_key()
    assert made is not None
    assert shop.with_key(made).sign(sample, now)


@pytest.mark.parametrize(("kind", "key", "wrong"), [("ed25519", ED, EC), ("ecdsa", EC, ED)])
def test_a_key_of_another_kind(kind: str, key: Any, wrong: Any) -> None:
    """It is told, not used."""
    shop = paired(kind, key)
    for pem in (private_pem(wrong), b"", b"-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----"):
        with pytest.raises(RelayError):
            shop.with_key(pem)
        with pytest.raises(RelayError):
            shop.public_half(pem)


def test_shared_secrets_need_no_key() -> None:
    """They sign with what the source has; there is none to make, and none to use."""
    for words in ({"type": "hmac"}, {"type": "digest", "signed": "{secret}{body}"}, {"type": "token"}):
        shop = provider(verify={**words, "header": "X-Sig"}, secret="s")
        assert not shop.needs_key
        assert shop.new_key() is None
        with pytest.raises(RelayError):
            shop.with_key(private_pem(ED))
