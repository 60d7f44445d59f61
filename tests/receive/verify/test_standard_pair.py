"""Standard Webhooks by key pairs (`v1a`): what the vectors do not hold."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from relay.clock import SECOND, SystemClock
from relay.receive.providers.protocol import Provider, Request
from relay.receive.verify.key_pair import private_pem
from tests.receive.providers.posting import NOW, post, problems, provider, status

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
SECRET = b"a secret of 24 bytes, so!"
BODY = b'{"type": "a.b"}'


def spelled(prefix: str, raw: bytes) -> str:
    return f"{prefix}_{base64.b64encode(raw).decode()}"


WHSEC = spelled("whsec", SECRET)
WHPK = spelled("whpk", KEY.public_key().public_bytes_raw())
SEED = spelled("whsk", KEY.private_bytes_raw())
PAIR = spelled("whsk", KEY.private_bytes_raw() + KEY.public_key().public_bytes_raw())


def shop(*secret: str) -> Provider:
    return provider(provider="standard-webhooks", secret=list(secret))


def headers(*signatures: str) -> dict[str, str | bytes]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW // SECOND),
        "webhook-signature": " ".join(signatures),
    }


def v1a(key: Ed25519PrivateKey = KEY) -> str:
    text = b"msg_1.%d.%b" % (NOW // SECOND, BODY)
    return "v1a," + base64.b64encode(key.sign(text)).decode()


def v1(secret: bytes = SECRET) -> str:
    text = b"msg_1.%d.%b" % (NOW // SECOND, BODY)
    return "v1," + base64.b64encode(hmac.digest(secret, text, hashlib.sha256)).decode()


@pytest.mark.parametrize(
    "secret", [WHPK, SEED, PAIR, WHPK.rstrip("=")], ids=["public", "seed", "pair", "unpadded"]
)
def test_either_half_verifies(secret: str) -> None:
    """The public key, and the private one by its public half."""
    assert status(shop(secret), post(headers(v1a()), BODY)) == 200
    assert status(shop(secret), post(headers(v1a(OTHER)), BODY)) == 401
    assert status(shop(secret), post(headers(v1()), BODY)) == 401


def test_kinds_live_side_by_side() -> None:
    """A list may mix them: any one that verifies will do."""
    both = shop(WHSEC, WHPK, spelled("whpk", OTHER.public_key().public_bytes_raw()))
    for value in (
        [v1()],
        [v1a()],
        [v1a(OTHER)],
        ["v1,AAAA", v1a()],
        ["v1a,AAAA", v1()],
        ["v2,x", v1a(OTHER)],
    ):
        assert status(both, post(headers(*value), BODY)) == 200, value
    for value in (["v1,AAAA", "v1a,AAAA"], [v1(b"another")], ["v1a," + v1()[3:]], ["v1," + v1a()[4:]], [""]):
        assert status(both, post(headers(*value), BODY)) == 401, value


def test_few_of_a_list_are_tried() -> None:
    """Each costs 50 times an HMAC."""
    for before, expected in ((3, 200), (4, 401)):
        value = [*["v1a," + "A" * 86 + "=="] * before, v1a()]
        assert status(shop(WHPK), post(headers(*value), BODY)) == expected


@pytest.mark.parametrize(
    "secret",
    ["whpk_", "whpk_bm8=", spelled("whpk", bytes(64)), "whsk_bm8=", spelled("whsk", bytes(33)), "whsk_!"],
)
def test_what_is_no_key_does_not_load(secret: str) -> None:
    """It is a problem at `secret`, told without it."""
    (problem,) = problems(provider="standard-webhooks", secret=[WHSEC, secret])
    assert problem.path == "source.shop.secret"
    assert secret[5:] == "" or secret[5:] not in problem.at("f")


@pytest.mark.parametrize(
    ("secret", "versions"),
    [([SEED], ["v1a"]), ([PAIR, WHSEC], ["v1", "v1a"]), ([WHSEC, WHPK], ["v1"])],
)
def test_signing(secret: list[str], versions: list[str]) -> None:
    """Each secret that can sign does."""
    source, now = shop(*secret), SystemClock().now()
    assert not source.needs_key
    sample = source.samples()[0]
    made = source.sign(sample, now)
    signatures = dict(made)[b"webhook-signature"].split(b" ")
    assert [each.partition(b",")[0].decode() for each in signatures] == versions
    assert source.verify(Request("POST", "/in/shop", "", made, sample.body), now) is None


def test_signing_with_a_key_of_ones_own() -> None:
    """Where only the public key is known."""
    source, now = shop(WHPK), SystemClock().now()
    assert source.needs_key
    assert source.public_half(private_pem(KEY)) == ("secret", WHPK)
    signing = source.with_key(private_pem(KEY))
    sample = signing.samples()[0]
    request = Request("POST", "/in/shop", "", signing.sign(sample, now), sample.body)
    assert source.verify(request, now) is None
