"""The preset `x`: its challenge, and that nobody can have an event signed by it."""

import base64
import hmac

import orjson
import pytest

from relay.receive.providers.protocol import Answer, Rejected, Request
from tests.receive.providers.posting import NOW, identity, post, provider, status

OLD, NEW = "x-secret-old", "x-secret-new"
SOURCE = provider(provider="x", secret=[NEW, OLD])


def mac(text: bytes, secret: str = NEW) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()


def asked(query: str, method: str = "GET") -> Request:
    return Request(method, "/in/x", query, (), b"")


def response(query: str) -> object:
    answer = SOURCE.greet(asked(query), NOW, proven=False)
    if not isinstance(answer, Answer):
        return answer.status if isinstance(answer, Rejected) else None
    assert answer.content_type == "application/json"
    return orjson.loads(answer.body)["response_token"]


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("crc_token=YWJj", "YWJj"),
        ("nonce=1&crc_token=YW%2BJj%3D%3D&x=2", "YW+Jj=="),
        ("crc_token=a&crc_token=b", "a"),
        ("crc_token=" + "a" * 256, "a" * 256),
    ],
)
def test_a_challenge(query: str, token: str) -> None:
    """The token's HMAC by the first secret proves that we are who X expects."""
    assert response(query) == mac(token.encode())


@pytest.mark.parametrize(
    "token", ["", "%7B%7D", "%5B%5D", "%22a%22", "a%20b", "a+b", "%C3%A9", "%FF", "a%0A", "a" * 257]
)
def test_no_challenge(token: str) -> None:
    """A token that X would not send is 400, and nothing is signed."""
    assert response(f"crc_token={token}") == 400


def test_a_get_without_a_token() -> None:
    """It is no challenge."""
    assert response("nonce=1") is None
    assert SOURCE.greet(asked("crc_token=a", "POST"), NOW, proven=False) is None


@pytest.mark.parametrize("token", ["7", "true", "null", "1e3", "-1", "0.5"])
def test_no_token_is_an_event(token: str) -> None:
    """Who has a token signed by the challenge and posts it as a body is refused: such JSON is no event."""
    signature = response(f"crc_token={token}")
    request = post({"x-twitter-webhooks-signature": str(signature)}, token.encode())
    assert status(SOURCE, request) == 200
    assert isinstance(SOURCE.identify(request), Rejected)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"for_user_id": "1", "tweet_create_events": [{}], "user_has_blocked": False}, "tweet_create_events"),
        ({"for_user_id": "1", "direct_message_events": [], "users": {}, "apps": {}}, "direct_message_events"),
        ({"user_event": {"revoke": {}}}, "user_event"),
        ({"data": {"event_type": "profile.update.bio"}}, "profile.update.bio"),
        ({"data": {"id": "1", "text": "a"}, "matching_rules": []}, None),
        ({}, None),
    ],
)
def test_types(document: dict[str, object], kind: str | None) -> None:
    """The name of the list that the body holds, or its event_type."""
    named = identity(SOURCE, post({}, orjson.dumps(document)))
    assert named.type == kind
    assert named.key is not None
