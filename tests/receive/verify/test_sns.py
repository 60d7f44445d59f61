"""SNS's signatures, what the vectors of `provider = "sns"` do not hold."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from relay.clock import SECOND, SystemClock
from relay.config.pem import Pem
from relay.receive.examine import examine
from relay.receive.providers.protocol import Answer, Identity, Provider, Rejected, Request, Wanted
from tests.authority import authority, rsa_key
from tests.receive.providers.posting import NOW, identity, post, problems, provider

ROOT = authority()
LEAF = ROOT.issue("sns.amazonaws.com")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:orders"
URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem"
SUBSCRIBE = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
MESSAGE = {
    "Type": "Notification",
    "MessageId": "m-1",
    "TopicArn": TOPIC,
    "Subject": "a subject",
    "Message": "Zürich\n",
    "Timestamp": "2026-01-05T10:15:00.000Z",
    "SignatureVersion": "2",
    "SigningCertURL": URL,
}
CONFIRMATION = {
    **{key: value for key, value in MESSAGE.items() if key != "Subject"},
    "Type": "SubscriptionConfirmation",
    "Token": "abc",
    "SubscribeURL": SUBSCRIBE,
}


def sns(**table: Any) -> Provider:
    return provider(provider="sns", **{"topic_arn": TOPIC, **table})


def text(message: dict[str, Any]) -> bytes:
    """By the words of AWS's guide."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    return "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()


def signed(message: dict[str, Any], key: Any = LEAF.key) -> Request:
    hashed = SHA1() if message.get("SignatureVersion") == "1" else SHA256()
    signature = base64.b64encode(key.sign(text(message), PKCS1v15(), hashed)).decode()
    return body({**message, "Signature": signature})


def body(document: Any) -> Request:
    return post({"Content-Type": "text/plain; charset=UTF-8"}, json.dumps(document).encode())


def verdict(source: Provider, request: Request) -> int:
    found = source.verify(request, NOW)
    if isinstance(found, Wanted):
        assert found == Wanted(URL)
        found = source.verify(request, NOW, LEAF.pem)
    assert not isinstance(found, Wanted)
    return 200 if found is None else found.status


def test_a_message_of_any_of_the_topics() -> None:
    """The file may name several."""
    both = sns(topic_arn=[f"{TOPIC}-other", TOPIC])
    assert verdict(both, signed(MESSAGE)) == 200
    assert verdict(both, signed({**MESSAGE, "TopicArn": f"{TOPIC}-third"})) == 401


@pytest.mark.parametrize(("version", "other"), [("1", "2"), ("2", "1")])
def test_versions(version: str, other: str) -> None:
    """1 is SHA-1, 2 is SHA-256; a signature of the one is none of the other."""
    good = signed({**MESSAGE, "SignatureVersion": version})
    assert verdict(sns(), good) == 200
    assert verdict(sns(), body({**json.loads(good.body), "SignatureVersion": other})) == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"TopicArn": [TOPIC]},
        {"TopicArn": None},
        {"Type": "Other"},
        {"Type": {}},
        {"MessageId": 5},
        {"Message": None},
        {"Subject": 5},
        {"Timestamp": ["x"]},
        {"SignatureVersion": 2},
        {"SignatureVersion": "٢"},
        {"SigningCertURL": {"a": 1}},
        {"SigningCertURL": f"{URL}\n"},
        {"SigningCertURL": URL.replace("eu-central-1", "eu-сentral-1")},  # noqa: RUF001  another alphabet's
        {"Signature": 5},
        {"Signature": ""},
        {"Signature": "\ud800"},
        {"Signature": "AAAA"},
    ],
)
def test_malformed_messages(wrong: dict[str, Any]) -> None:
    """What is not as SNS has it is refused, and nothing raises."""
    good = json.loads(signed(MESSAGE).body)
    assert verdict(sns(), body({**good, **wrong})) == 401


def test_one_text_is_one_message() -> None:
    """The signed lines of a message cannot be read as those of another: only a Message has lines of its own.

    Whoever may publish chooses the message, and with it lines that look like an id and a subject.
    """
    published = {**MESSAGE, "Message": "first\nMessageId\nforged\nSubject\nx", "Subject": "y"}
    genuine = json.loads(signed(published).body)
    forged = {
        **genuine,
        "Message": "first",
        "MessageId": "forged",
        "Subject": "x\nMessageId\nm-1\nSubject\ny",
    }
    assert text(forged) == text(published)
    assert verdict(sns(), body(genuine)) == 200
    assert verdict(sns(), body(forged)) == 401


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (SUBSCRIBE, 200),
        ("https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription", 200),
        ("http://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription", 400),
        ("https://sns.eu-central-1.amazonaws.com.example.net/", 400),
        ("https://sns.eu-central-1.amazonaws.com@example.net/", 400),
        ("https://example.net/?https://sns.eu-central-1.amazonaws.com/", 400),
        ("https://sns.eu-central-1.amazonaws.com:8080/", 400),
        ("https://sns.eu-central-1.amazonaws.com/ HTTP/1.1", 400),
        ("https://127.0.0.1/", 400),
    ],
)
def test_confirmations(url: str, expected: int) -> None:
    """A subscription is confirmed by a visit to SNS; an address elsewhere is not visited, signed or not."""
    found = examine(sns(), signed({**CONFIRMATION, "SubscribeURL": url}), NOW, LEAF.pem)
    if expected == 200:
        assert found == Answer(confirm=url)
    else:
        assert isinstance(found, Rejected)
        assert found.status == expected


def test_the_end_of_a_subscription_is_an_event() -> None:
    """A visit to its SubscribeURL would begin it again."""
    request = signed({**CONFIRMATION, "Type": "UnsubscribeConfirmation"})
    found = examine(sns(), request, NOW, LEAF.pem)
    assert found == Identity("m-1", "UnsubscribeConfirmation", 1767608100 * SECOND)


def test_trust() -> None:
    """Without, any certificate of the host; with it, those of its roots, and its own without a visit."""
    strangers = authority("another")
    assert verdict(sns(), signed(MESSAGE)) == 200
    assert verdict(sns(trust=Pem(ROOT.pem)), signed(MESSAGE)) == 200
    assert verdict(sns(trust=Pem(strangers.pem)), signed(MESSAGE)) == 401
    pinned = strangers.issue("sns.amazonaws.com", key=rsa_key(1))
    source = sns(trust=Pem(pinned.pem))
    assert source.verify(signed(MESSAGE, rsa_key(1)), NOW) is None
    assert source.verify(signed(MESSAGE, rsa_key(1)), NOW + 101 * 86_400 * SECOND) == Wanted(URL)
    assert verdict(source, signed(MESSAGE)) == 401


def test_in_words() -> None:
    """A source of one's own can be verified so, too, and confirms its subscriptions."""
    words = {"type": "sns", "topic_arn": TOPIC}
    source = provider(verify=words, id="body.MessageId")
    assert verdict(source, signed(MESSAGE)) == 200
    assert identity(source, signed(MESSAGE)).key == "m-1"
    assert examine(source, signed(CONFIRMATION), NOW, LEAF.pem) == Answer(confirm=SUBSCRIBE)
    broken = Pem(b"-----BEGIN CERTIFICATE-----\nbm8=\n")
    assert [each.path for each in problems(verify=words | {"trust": broken})] == ["source.shop.verify.trust"]


def test_signing() -> None:
    """With a throw-away key of its own making, which `trust` names, each sample verifies without a visit."""
    assert sns().needs_key
    pem = sns().new_key()
    assert pem is not None
    source, now = sns(trust=Pem(pem)), SystemClock().now()
    assert not source.needs_key
    for signing in (source, sns().with_key(pem)):
        for sample in signing.samples():
            request = Request("POST", "/in/shop", "", signing.sign(sample, now), sample.body)
            assert source.verify(request, now) is None
            assert identity(source, request).type == sample.type
            assert request.header("Content-Type") == b"text/plain; charset=UTF-8"
