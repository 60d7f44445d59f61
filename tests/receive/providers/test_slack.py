"""The preset `slack`: what its vectors do not show."""

from urllib.parse import urlencode

import orjson
import pytest

from relay.clock import SECOND
from relay.receive.providers.protocol import Answer, Rejected, Request
from tests.receive.providers.posting import NOW, hexmac, identity, post, provider

SECRET = "5lack-signing-secret"
SOURCE = provider(provider="slack", secret=SECRET)
FORM = "application/x-www-form-urlencoded"


def signed(body: bytes, media: str = "application/json") -> Request:
    stamp = str(NOW // SECOND)
    signature = "v0=" + hexmac(SECRET, f"v0:{stamp}:".encode() + body)
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp, "Content-Type": media}
    return post(headers, body)


def told(event: object, **more: object) -> Request:
    return signed(orjson.dumps({"type": "event_callback", "event": event, **more}))


@pytest.mark.parametrize(
    ("media", "body", "answered"),
    [
        (FORM, b"ssl_check=1&token=x", True),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", b"token=x&ssl_check=1", True),
        (FORM, b"ssl_check=1&payload=%7B%7D", True),
        (FORM, b"ssl_check=0", False),
        (FORM, b"ssl_check=11", False),
        (FORM, b"ssl_check", False),
        (FORM, b"payload=ssl_check%3D1", False),
        (FORM, b"", False),
        (FORM, b'{"ssl_check":1}', False),
        ("application/json", b'{"ssl_check":"1"}', False),
        ("application/json", b"ssl_check=1", False),
        ("", b"ssl_check=1", False),
    ],
)
def test_ssl_check(media: str, body: bytes, answered: bool) -> None:
    """Only a form with `ssl_check=1` is answered unsigned, and with nothing."""
    found = SOURCE.greet(post({"Content-Type": media}, body), NOW, proven=False)
    assert found == (Answer() if answered else None)


@pytest.mark.parametrize("body", [{}, {"challenge": None}, {"challenge": 7}, {"challenge": ["a"]}])
def test_a_challenge_that_is_no_text(body: dict[str, object]) -> None:
    """A url_verification is never stored as an event, whatever it asks."""
    request = signed(orjson.dumps({"type": "url_verification", **body}))
    assert SOURCE.greet(request, NOW, proven=False) is None
    assert isinstance(SOURCE.greet(request, NOW, proven=True), Answer | Rejected)


@pytest.mark.parametrize(
    ("event", "also"),
    [
        ({"type": "message", "channel": "C1", "ts": "17.000100"}, ("C1:17.000100",)),
        ({"type": "message", "subtype": "bot_message", "channel": "C1", "ts": "17.1"}, ("C1:17.1",)),
        ({"type": "app_mention", "channel": "C1", "ts": "17.000100"}, ()),
        ({"type": "reaction_added", "item": {"type": "message", "channel": "C1", "ts": "17.1"}}, ()),
        ({"type": "message", "channel": "C1"}, ()),
        ({"type": "message", "channel": 1, "ts": 2}, ()),
        ("message", ()),
        (None, ()),
    ],
)
def test_the_history_s_name_of_a_message(event: object, also: tuple[str, ...]) -> None:
    """Channel and time name a message; a mention of it is another event than the message."""
    assert identity(SOURCE, told(event, event_id="Ev1")).also == also


@pytest.mark.parametrize(
    ("body", "media", "kind"),
    [
        (b'{"type":"event_callback","event":{"type":"team_join"}}', "application/json", "team_join"),
        (b'{"type":"app_rate_limited","minute_rate_limited":1}', "application/json", "app_rate_limited"),
        (urlencode({"payload": '{"type":"view_submission"}'}).encode(), FORM, "view_submission"),
        (urlencode({"command": "/größer", "text": "a"}).encode(), f"{FORM}; charset=utf-8", "/größer"),
        (b"payload=%7B", FORM, None),
        (b"nothing known", "text/plain", None),
        (b"", "", None),
    ],
)
def test_types(body: bytes, media: str, kind: str | None) -> None:
    """The inner event's type, the payload's, the command, the envelope's; and always a key."""
    named = identity(SOURCE, signed(body, media))
    assert named.type == kind
    assert named.key is not None


def test_waits_less_than_slack() -> None:
    """Slack gives up after 3 seconds."""
    assert SOURCE.ack_timeout == 2.5
