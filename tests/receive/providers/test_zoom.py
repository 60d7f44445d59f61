"""The preset `zoom`: what its vectors do not show."""

import orjson
import pytest

from relay.clock import SECOND
from relay.receive.providers.protocol import Answer, Rejected, Request
from tests.receive.providers.posting import NOW, hexmac, identity, post, provider, status

OLD, NEW = "zoom-token-old", "zoom-token-new"
SOURCE = provider(provider="zoom", secret=[OLD, NEW])
TOKEN = "qgg8vlvZRS6UYooatFL8Aw"


def signed(document: object, secret: str = NEW, now: int = NOW) -> Request:
    body, stamp = orjson.dumps(document), str(now // SECOND)
    signature = "v0=" + hexmac(secret, f"v0:{stamp}:".encode() + body)
    return post({"x-zm-signature": signature, "x-zm-request-timestamp": stamp}, body)


def asking(token: object, secret: str = NEW) -> Request:
    return signed({"event": "endpoint.url_validation", "payload": {"plainToken": token}}, secret)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_answer_s_key_is_the_question_s(secret: str) -> None:
    """While a token is changed, a handshake is answered with the one that signed it."""
    request = asking(TOKEN, secret)
    assert status(SOURCE, request) == 200
    answer = SOURCE.greet(request, NOW, proven=True)
    assert isinstance(answer, Answer)
    assert answer.content_type == "application/json"
    proof = {"plainToken": TOKEN, "encryptedToken": hexmac(secret, TOKEN.encode())}
    assert orjson.loads(answer.body) == proof


def test_nothing_is_answered_before_the_signature() -> None:
    """The answer is made with the signing key: to answer strangers would be to sign for them."""
    assert SOURCE.greet(asking(TOKEN), NOW, proven=False) is None


@pytest.mark.parametrize(
    "token", [None, 7, [], "", "a" * 65, "a b", "v0:1:{}", "tökén", "a\n", "\u0661", {"a": 1}]
)
def test_only_plain_tokens(token: object) -> None:
    """Signed or not, no other text's HMAC leaves the house."""
    found = SOURCE.greet(asking(token), NOW, proven=True)
    assert isinstance(found, Rejected)
    assert found.status == 400


@pytest.mark.parametrize("payload", [None, "plainToken", ["plainToken"], 7])
def test_payloads_that_are_none(payload: object) -> None:
    """A handshake without a map as its payload is 400."""
    request = signed({"event": "endpoint.url_validation", "payload": payload})
    assert isinstance(SOURCE.greet(request, NOW, proven=True), Rejected)


@pytest.mark.parametrize(
    ("event", "also"),
    [("meeting.ended", ("meeting.ended:u/v==",)), ("meeting.started", ()), ("meeting.participant_left", ())],
)
def test_the_report_s_name_of_a_meeting(event: str, also: tuple[str, ...]) -> None:
    """Only a meeting's end stands in the report; a meeting's other events share its UUID."""
    document = {"event": event, "payload": {"object": {"uuid": "u/v=="}}, "event_ts": NOW // 1000}
    named = identity(SOURCE, signed(document))
    assert (named.type, named.also, named.occurred) == (event, also, NOW)


@pytest.mark.parametrize("document", [[], "meeting.ended", 7, None, {"event": ""}, {"event": None}])
def test_no_event(document: object) -> None:
    """JSON that names no event is 400."""
    assert isinstance(SOURCE.identify(signed(document)), Rejected)


def test_the_retired_token_goes_no_further() -> None:
    """The header `authorization` holds a secret of the sender's."""
    assert b"authorization" in SOURCE.proofs


def test_waits_less_than_zoom() -> None:
    """Zoom gives up after 3 seconds."""
    assert SOURCE.ack_timeout == 2.5
