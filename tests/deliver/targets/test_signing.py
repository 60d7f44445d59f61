"""What relay signs: as Standard Webhooks has it, and as GitHub, Shopify and others want it."""

import base64
import hashlib
import hmac
import sys
import time
from typing import Any

import pytest
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from multidict import CIMultiDict
from standardwebhooks.webhooks import Webhook

from relay.clock import SECOND
from relay.deliver.targets.protocol import Message
from relay.deliver.targets.signing import CRYPTO_HINT
from relay.errors import Problem
from tests.clock import START
from tests.deliver.owed import delivery, event
from tests.deliver.targets.asking import http, message, opened, problems, table
from tests.target import Answer, Arrived, ScriptedTarget

FIRST, SECOND_KEY = (f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in (1, 2))
SEED = bytes(range(32))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
SHORT = f"whsk_{base64.b64encode(SEED).decode()}"
LONG = f"whsk_{base64.b64encode(SEED + PRIVATE.public_key().public_bytes_raw()).decode()}"
BODY = b'{"n":1}\xff\0'
NOW = time.time_ns() // 1000
"""The official verifier goes by the machine's clock."""


async def arrived(
    session: ClientSession, sign: dict[str, Any], sent: Message | None = None, **keys: Any
) -> Arrived:
    """A request as it comes to a target."""
    async with ScriptedTarget() as target:
        await http(target.url, session, sign=sign, **keys).send(sent or message(of=event(body=BODY)), NOW)
        return await target.next()


def standard(*secrets: str) -> dict[str, Any]:
    return {"type": "standard-webhooks", "secret": list(secrets)}


def text(request: Arrived) -> bytes:
    """What Standard Webhooks signs."""
    stamp = f"{request.value('webhook-id')}.{request.value('webhook-timestamp')}."
    return stamp.encode() + request.body


@pytest.mark.parametrize("secrets", [(FIRST,), (FIRST, SECOND_KEY), (SHORT, FIRST)])
async def test_official_verifier(session: ClientSession, secrets: tuple[str, ...]) -> None:
    """The official library takes it by each of the shared secrets, and by no other."""
    sent = message(of=event(body=b'{"n": 1}'))
    request = await arrived(session, standard(*secrets), sent)
    headers = {name.decode().lower(): value.decode() for name, value in request.headers}
    for secret in secrets:
        if secret.startswith("whsec_"):
            assert Webhook(secret).verify(request.body, headers) == {"n": 1}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook("whsec_AAAA").verify(request.body, headers)


async def test_id_and_time(session: ClientSession) -> None:
    """The id is the Idempotency-Key, the timestamp the attempt's, in whole seconds."""
    request = await arrived(session, standard(FIRST))
    assert request.value("webhook-id") == request.value("Idempotency-Key") == delivery().key
    assert request.value("webhook-timestamp") == str(NOW // SECOND)


async def test_published_vector(session: ClientSession) -> None:
    """The example of Svix's documentation, which Standard Webhooks took over."""
    headers = CIMultiDict({"Idempotency-Key": "msg_p5jXN8AQM9LWM0D4loKWxJek"})
    sent = Message((delivery(),), b'{"test": 2432232314}', headers)
    sign = standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    async with ScriptedTarget() as target:
        await http(target.url, session, sign=sign).send(sent, 1_614_265_330 * SECOND + 999_999)
        request = await target.next()
    assert request.value("webhook-signature") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SHORT, LONG], ids=["seed", "seed and public key"])
async def test_key_pair(session: ClientSession, secret: str) -> None:
    """`whsk_…` signs as v1a: the public key verifies it."""
    request = await arrived(session, standard(secret))
    version, _, signature = request.value("webhook-signature").partition(",")
    assert version == "v1a"
    PRIVATE.public_key().verify(base64.b64decode(signature), text(request))


async def test_every_key_signs(session: ClientSession) -> None:
    """In the order of the file, separated by spaces."""
    request = await arrived(session, standard(SECOND_KEY, SHORT, FIRST))
    signatures = request.value("webhook-signature").split(" ")
    assert [each.partition(",")[0] for each in signatures] == ["v1", "v1a", "v1"]
    for signature, raw in ((signatures[0], bytes([2]) * 24), (signatures[2], bytes([1]) * 24)):
        expected = hmac.new(raw, text(request), hashlib.sha256).digest()
        assert signature == "v1," + base64.b64encode(expected).decode()


@pytest.mark.parametrize("sign", [standard(FIRST), {"type": "hmac", "secret": "s", "header": "X-Signature"}])
async def test_senders_signature_does_not_go_along(session: ClientSession, sign: dict[str, Any]) -> None:
    """What the sender signed, `webhook-*` in whatever case and number, would only confuse."""
    theirs = (
        (b"Webhook-Id", b"msg_1"),
        (b"webhook-id", b"msg_2"),
        (b"WEBHOOK-SIGNATURE", b"v1,theirs"),
        (b"webhook-other", b"x"),
        (b"x-signature", b"theirs"),
        (b"webhookish", b"stays"),
    )
    request = await arrived(session, sign, message(of=event(headers=theirs)))
    of_webhooks = {
        name.decode().lower() for name, _ in request.headers if name.lower().startswith(b"webhook-")
    }
    own = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert of_webhooks == (own if sign["type"] == "standard-webhooks" else set())
    assert request.value("webhookish") == "stays"
    assert b"v1,theirs" not in request.raw
    assert (request.value("X-Signature") == "theirs") == (sign["type"] == "standard-webhooks")


async def test_unsigned(session: ClientSession) -> None:
    """Without `sign` the sender's own signature still verifies."""
    async with ScriptedTarget() as target:
        await http(target.url, session).send(message(of=event(headers=((b"webhook-id", b"msg_1"),))), START)
        assert (await target.next()).value("webhook-id") == "msg_1"


async def test_as_github_does(session: ClientSession) -> None:
    """The example of GitHub's documentation."""
    sign = {
        "type": "hmac",
        "secret": "It's a Secret to Everybody",
        "header": "X-Hub-Signature-256",
        "prefix": "sha256=",
    }
    request = await arrived(session, sign, message(of=event(body=b"Hello, World!")))
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert request.value("X-Hub-Signature-256") == f"sha256={digest}"


async def test_as_shopify_does(session: ClientSession) -> None:
    """The HMAC in base64, in place of the sender's; of a list of secrets the first signs."""
    sign = {
        "type": "hmac",
        "secret": ["hush", "older"],
        "header": "X-Shopify-Hmac-Sha256",
        "encoding": "base64",
    }
    theirs = event(body=BODY, headers=((b"x-shopify-hmac-sha256", b"theirs"),))
    request = await arrived(session, sign, message(of=theirs))
    expected = hmac.new(b"hush", BODY, hashlib.sha256).digest()
    assert request.value("X-Shopify-Hmac-Sha256") == base64.b64encode(expected).decode()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
async def test_wording(session: ClientSession, algorithm: str) -> None:
    """Whatever `signed` names: the body, the Idempotency-Key, the url as it is asked, what is between."""
    sign = {
        "type": "hmac",
        "secret": "hüsh",
        "header": "X-Signature",
        "algorithm": algorithm,
        "signed": "v0:{url}{id}.é{body}!",
    }
    auth = {"type": "query", "name": "k", "value": "a b"}
    sent = message(of=event(body=BODY), path="/orders/%31")
    async with ScriptedTarget() as target:
        await http(target.url + "?a=%20b", session, sign=sign, auth=auth).send(sent, START)
        request = await target.next()
    where = f"http://127.0.0.1:{target.port}{request.line.split()[1].decode()}"
    assert where.endswith("/hooks/orders/%31?a=%20b&k=a%20b")
    signed = f"v0:{where}{delivery().key}.é".encode() + BODY + b"!"
    assert request.value("X-Signature") == hmac.new("hüsh".encode(), signed, algorithm).hexdigest()


async def test_what_is_repeated_is_signed_alike(session: ClientSession) -> None:
    """A request that goes out again with another token is the same attempt."""
    body = b'{"access_token": "one", "token_type": "Bearer"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with ScriptedTarget([Answer(head + body)] * 2) as giver, ScriptedTarget([401, 200]) as target:
        auth = {"type": "oauth2", "token_url": giver.url, "client_id": "me", "client_secret": "s"}
        await http(target.url, session, sign=standard(FIRST), auth=auth).send(message(), START)
        first, second = await target.several(2)
    assert first.value("webhook-signature") == second.value("webhook-signature")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """`whsk_…` needs `cryptography`: told when the file is loaded. `whsec_…` does not."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert problems(table("https://a.example/", sign=standard(FIRST, SHORT))) == [
        Problem("target.box.sign.secret", "whsk_… needs the extra crypto", CRYPTO_HINT)
    ]


async def test_whsec_without_the_extra(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared secrets need nothing that is not always there."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    opened(table("https://a.example/", sign=standard(FIRST)), session)
