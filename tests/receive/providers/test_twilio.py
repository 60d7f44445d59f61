"""Twilio: which URL it signed, by which algorithm, and what makes two requests one event."""

import base64
import hmac
from urllib.parse import urlencode

import pytest

from relay.receive.providers.twilio import addresses
from tests.receive.providers.posting import NOW, PUBLIC_URL, identity, post, problems, provider, status

SECRET = "of the tests"
SOURCE = provider(provider="twilio", secret=SECRET)
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


@pytest.mark.parametrize(
    ("public_url", "tried"),
    [
        ("https://a.example", ["https://a.example", "https://a.example:443"]),
        ("http://a.example/hooks", ["http://a.example/hooks", "http://a.example:80/hooks"]),
        ("https://a.example:8443/hooks", ["https://a.example/hooks", "https://a.example:8443/hooks"]),
        ("https://[::1]:8443", ["https://[::1]", "https://[::1]:8443"]),
        ("https://[::443]", ["https://[::443]", "https://[::443]:443"]),
    ],
)
def test_the_url_is_tried_without_its_port_and_with_it(public_url: str, tried: list[str]) -> None:
    """Which of them Twilio signs, nobody knows beforehand."""
    assert list(addresses(public_url)) == tried


@pytest.mark.parametrize(
    ("settings", "algorithm", "answer"),
    [
        (None, "sha1", 200),
        (None, "sha256", 401),
        ("key=k_1,algorithm=HMAC_SHA256", "sha256", 200),
        (" algorithm = hmac_sha256 , key=k_1", "sha256", 200),
        ("key=k_1,algorithm=HMAC_SHA256", "sha1", 401),
        ("key=k_1,algorithm=HMAC_SHA1", "sha1", 200),
        ("key=k_1", "sha1", 200),
        ("key=k_1,algorithm=", "sha1", 200),
        ("", "sha1", 200),
        ("algorithm=HMAC_MD5", "md5", 401),
        ("algorithm=none", "sha1", 401),
        (b"algorithm=\xff\xfe", "sha1", 401),
    ],
)
def test_a_header_says_which_algorithm(settings: str | bytes | None, algorithm: str, answer: int) -> None:
    """One that is not known never passes, and another than the named one does not count."""
    text = f"{PUBLIC_URL}/in/shopBodyhelloMessageSidSM1".encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), text, algorithm))
    headers: dict[str, str | bytes] = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    if settings is not None:
        headers[SETTINGS] = settings
    assert status(SOURCE, post(headers, b"MessageSid=SM1&Body=hello")) == answer


def key(token: str | None = None, **fields: str) -> str | None:
    headers = {"Content-Type": FORM} | ({"I-Twilio-Idempotency-Token": token} if token else {})
    return identity(SOURCE, post(headers, urlencode(fields).encode())).key


def test_the_token_is_the_id_where_nothing_signed_is() -> None:
    """Twilio repeats it with a retry; but whoever caught a request could send it with another one."""
    assert key("t-1", MessageSid="SM1", MessageStatus="sent") == "SM1:sent"
    assert key("t-1", CallSid="CA1", CallStatus="in-progress") == "t-1"


def test_without_a_token_a_message_is_an_event_for_each_of_its_states() -> None:
    """By whichever name the state has."""
    states = [key(MessageSid="SM1", MessageStatus=state) for state in ("queued", "sent", "sent")]
    assert states == ["SM1:queued", "SM1:sent", "SM1:sent"]
    assert key(MessageSid="SM1", SmsStatus="received") == "SM1:received"
    assert key(MessageSid="SM1") is None


def test_without_a_token_a_call_is_known_where_it_is_numbered() -> None:
    """Else two requests of it may be equal and yet be two: nothing is taken for a duplicate."""
    assert key(CallSid="CA1", CallStatus="completed", SequenceNumber="3") == "CA1:completed:3"
    assert key(CallSid="CA1", CallStatus="in-progress", Digits="1") is None


@pytest.mark.parametrize(
    ("body", "media", "kind"),
    [
        (b"MessageSid=SM1&SmsStatus=received", FORM, "message.received"),
        (b"MessageSid=SM1&SmsStatus=sent&MessageStatus=delivered", FORM, "message.delivered"),
        (b"CallSid=CA1&CallStatus=ringing", FORM, "call.ringing"),
        (b"EventType=onMessageAdded&MessageSid=IM1", FORM, "onMessageAdded"),
        (b'{"EventType": "task.created"}', "application/json", "task.created"),
        (b"AccountSid=AC1", FORM, None),
        (b'{"Level": "ERROR"}', "application/json", None),
        (b"[]", "application/json", None),
        (b"\xff", "application/json", None),
    ],
)
def test_the_type_is_what_came_to_be(body: bytes, media: str, kind: str | None) -> None:
    """What relay does not know has the source's name."""
    assert identity(SOURCE, post({"Content-Type": media}, body)).type == kind


def test_samples_verify_under_either_address() -> None:
    """`relay send` signs what the daemon takes, with and without a port in its public URL."""
    for public_url in (PUBLIC_URL, f"{PUBLIC_URL}:8443"):
        source = provider(public_url, provider="twilio", secret=SECRET)
        for sample in source.samples():
            assert status(source, post(source.sign(sample, NOW), sample.body)) == 200


def test_without_a_public_url_it_does_not_load() -> None:
    """Told once, whatever is tried with it."""
    assert [problem.hint for problem in problems(None, provider="twilio", secret=SECRET)] == [
        "set public_url in [server]"
    ]
    assert len(problems(provider="twilio")) == 1
