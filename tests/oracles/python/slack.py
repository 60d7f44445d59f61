"""Slack: `slack_sdk.signature.SignatureVerifier`; a whole Bolt app for the two handshakes."""

import hmac
import json
from collections.abc import Iterator
from typing import Final
from unittest.mock import patch
from urllib.parse import urlencode

from slack_bolt import App, BoltRequest  # type: ignore[import-not-found]  # in an environment of its own
from slack_sdk.signature import (  # type: ignore[import-not-found]  # in an environment of its own
    SignatureVerifier,
)

from tests.oracles.python.case import (
    NOW,
    Case,
    Large,
    Request,
    Still,
    Vectors,
    answered,
    post,
    refused,
    sdk,
    taken,
)

SECRET: Final = "51ac5e0fd00d4e1a8c0ffee000000001"
OLD: Final = "51ac5e0fd00d4e1a8c0ffee000000000"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
FORM: Final = "application/x-www-form-urlencoded"
CHALLENGE: Final = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"


def judge(case: Case) -> bool:
    """Whether one of the secrets verifies; of a handshake, whether Bolt answers it with 200."""
    if not case.expect.get("stored", True) or "url_verification" in case.name:
        return _bolt(case) == 200
    headers, clock = case.request.fields(), Still(float(case.now))
    verifiers = [SignatureVerifier(secret, clock) for secret in case.config["secret"]]
    return any(verifier.is_valid_request(case.request.body, headers) for verifier in verifiers)


def _bolt(case: Case) -> int:
    app = App(token="xoxb-0", signing_secret=case.config["secret"][0], token_verification_enabled=False)
    headers = {name: [value] for name, value in case.request.fields().items()}
    with patch("slack_sdk.signature.time", return_value=float(case.now)):
        status: int = app.dispatch(BoltRequest(body=case.request.body.decode(), headers=headers)).status
    return status


def mac(body: bytes, at: int | str = NOW, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), f"v0:{at}:".encode() + body, "sha256").hex()


def headed(
    body: bytes | Large, signature: str | bytes, at: int | str = NOW, media: str = "application/json"
) -> Request:
    stamp = ("X-Slack-Request-Timestamp", str(at))
    return post(body, ("X-Slack-Signature", signature), stamp, media=media)


def signed(
    body: bytes | Large, at: int = NOW, secret: str = SECRET, media: str = "application/json"
) -> Request:
    whole = body.whole() if isinstance(body, Large) else body
    return headed(body, f"v0={mac(whole, at, secret)}", at, media)


def callback(id: str, **event: object) -> bytes:
    """An envelope of the Events API."""
    envelope = {
        "token": "deprecated-and-no-proof",
        "team_id": "T0RELAY01",
        "api_app_id": "A0RELAY01",
        "event": event,
        "type": "event_callback",
        "event_id": id,
        "event_time": NOW - 2,
        "authorizations": [{"enterprise_id": None, "team_id": "T0RELAY01", "user_id": "U0RELAY01"}],
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def said(text: str = "hello relay", id: str = "Ev0RELAY0001", **more: str) -> bytes:
    stamp = f"{NOW - 2}.000100"
    words = {"type": "message", "channel": "C0RELAY01", "user": "U0RELAY02", "text": text, "ts": stamp}
    return callback(id, **(words | more))


def interaction(kind: str = "block_actions", trigger: str | None = "9012.3456.relay0001") -> bytes:
    """A button, a modal: JSON in the field `payload`."""
    payload = {"type": kind, "team": {"id": "T0RELAY01"}, "user": {"id": "U0RELAY02", "name": "zoë"}}
    actions = {"actions": [{"action_id": "approve", "value": "Ja & weiter+1", "action_ts": f"{NOW}.1"}]}
    triggered = {} if trigger is None else {"trigger_id": trigger}
    return urlencode({"payload": json.dumps(payload | actions | triggered, ensure_ascii=False)}).encode()


def command(trigger: str = "9012.3456.relay0003", text: str = "größer als 5 %") -> bytes:
    fields = {
        "token": "deprecated",
        "team_id": "T0RELAY01",
        "channel_id": "C0RELAY01",
        "user_id": "U0RELAY02",
    }
    fields |= {"command": "/deploy", "text": text, "response_url": "https://hooks.slack.example/commands/1"}
    return urlencode(fields | {"trigger_id": trigger}).encode()


GOOD: Final = said()
MESSAGE: Final = taken(key="Ev0RELAY0001", type="message", time=NOW - 2, also=[f"C0RELAY01:{NOW - 2}.000100"])
REACTION: Final = taken(key="Ev0RELAY0002", type="reaction_added", time=NOW - 2, also=[])
BUTTON: Final = taken(key="9012.3456.relay0001", type="block_actions")
DEPLOY: Final = taken(key="9012.3456.relay0003", type="/deploy")


def _events() -> Iterator[Case]:
    yield Case("good", signed(GOOD), MESSAGE, CONFIG)
    item = {"type": "message", "channel": "C0RELAY01", "ts": f"{NOW - 2}.000100"}
    reaction = callback("Ev0RELAY0002", type="reaction_added", user="U0RELAY02", reaction="eyes", item=item)
    yield Case("an event that is no message", signed(reaction), REACTION, CONFIG, differs_from="good")
    yield Case("unicode body", signed(said("Grüezi 👋 中文")), MESSAGE, CONFIG)
    charset = signed(GOOD, media="application/json; charset=utf-8")
    yield Case("JSON with a charset", charset, MESSAGE, CONFIG)
    large = Large(
        b'{"type":"event_callback","event_id":"Ev0RELAY0009","event":{"type":"app_mention","t":"', b'"}}'
    )
    yield Case("large body", signed(large), taken(key="Ev0RELAY0009", type="app_mention", also=[]), CONFIG)
    limited = {"type": "app_rate_limited", "team_id": "T0RELAY01", "minute_rate_limited": 1767599940}
    limit = json.dumps(limited | {"api_app_id": "A0RELAY01"}).encode()
    yield Case("app_rate_limited has no id", signed(limit), taken(type="app_rate_limited"), CONFIG)
    yield Case("empty body", signed(b"", media=""), taken(), CONFIG)


def _forms() -> Iterator[Case]:
    yield Case("interactivity", signed(interaction(), media=FORM), BUTTON, CONFIG)
    charset = f"{FORM}; charset=UTF-8"
    yield Case("interactivity, a form with a charset", signed(interaction(), media=charset), BUTTON, CONFIG)
    untriggered = signed(interaction("view_closed", None), media=FORM)
    yield Case("interactivity without a trigger_id", untriggered, taken(type="view_closed"), CONFIG)
    closed = "interactivity without a trigger_id"
    yield Case("the same bytes, no trigger_id", untriggered, taken(), CONFIG, same_as=closed)
    other = signed(interaction(trigger="9012.3456.relay0002"), media=FORM)
    pressed = taken(key="9012.3456.relay0002", type="block_actions")
    yield Case("the button once more", other, pressed, CONFIG, differs_from="interactivity")
    yield Case("slash command", signed(command(), media=FORM), DEPLOY, CONFIG)
    again = signed(command("9012.3456.relay0004"), media=FORM)
    deploy = taken(key="9012.3456.relay0004", type="/deploy")
    yield Case("slash command once more", again, deploy, CONFIG, differs_from="slash command")
    altered = headed(command(text="staging"), f"v0={mac(command())}", media=FORM)
    yield Case("slash command, a field changed", altered, refused(), CONFIG)


def _handshakes() -> Iterator[Case]:
    hello = {"token": "deprecated", "challenge": CHALLENGE, "type": "url_verification"}
    asked = json.dumps(hello).encode()
    echoed = answered(json.dumps({"challenge": CHALLENGE}, separators=(",", ":")), "application/json")
    yield Case("url_verification, signed", signed(asked), echoed, CONFIG)
    yield Case("url_verification, unsigned", post(asked), refused(), CONFIG)
    wrong = signed(asked, secret="of-another-app")
    yield Case("url_verification, wrong secret", wrong, refused(), CONFIG)
    stale = signed(asked, NOW - 301)
    yield Case("url_verification, stale", stale, refused(), CONFIG)
    probe = urlencode({"ssl_check": "1", "token": "deprecated"}).encode()
    silent = {"status": 200, "answer": {"body": ""}, "stored": False}
    yield Case("ssl_check, unsigned", post(probe, media=FORM), silent, CONFIG)
    smuggled = post(probe + b"&" + interaction(), media=FORM)
    discarded = "this Bolt refuses it, the one on npm answers 200 and discards the rest: neither believes it"
    yield Case("ssl_check with a payload", smuggled, {"stored": False}, CONFIG, why=discarded)
    zero = urlencode({"ssl_check": "0", "token": "deprecated"}).encode()
    yield Case("ssl_check that is not 1", post(zero, media=FORM), refused(), CONFIG)


def _proofs() -> Iterator[Case]:
    yield Case("wrong secret", signed(GOOD, secret="of-another-app"), refused(), CONFIG)
    yield Case("one body byte changed", headed(GOOD + b" ", f"v0={mac(GOOD)}"), refused(), CONFIG)
    yield Case("timestamp changed", headed(GOOD, f"v0={mac(GOOD)}", NOW - 1), refused(), CONFIG)
    stamp = ("X-Slack-Request-Timestamp", str(NOW))
    yield Case("signature missing", post(GOOD, stamp), refused(), CONFIG)
    bare = post(GOOD, ("X-Slack-Signature", f"v0={mac(GOOD)}"))
    yield Case("timestamp missing", bare, refused(), CONFIG)
    yield Case("malformed signature", headed(GOOD, "v0=zz"), refused(), CONFIG)
    textual = headed(GOOD, f"v0={mac(GOOD, 'noon')}", "noon")
    yield Case("malformed: timestamp is no number", textual, refused(), CONFIG)
    yield Case("wrong scheme version", headed(GOOD, f"v1={mac(GOOD)}"), refused(), CONFIG)
    yield Case("signature without its prefix", headed(GOOD, mac(GOOD)), refused(), CONFIG)
    non_ascii = headed(GOOD, b"v0=\xff\xe9" + mac(GOOD).encode())
    yield Case("non-ASCII header bytes", non_ascii, refused(), CONFIG)
    yield Case("second of two secrets", signed(GOOD, secret=OLD), MESSAGE, ROTATING)
    yield Case("300 seconds old", signed(GOOD, NOW - 300), MESSAGE, CONFIG)
    yield Case("stale: 301 seconds old", signed(GOOD, NOW - 301), refused(), CONFIG)
    yield Case("300 seconds ahead", signed(GOOD, NOW + 300), MESSAGE, CONFIG)
    yield Case("future: 301 seconds ahead", signed(GOOD, NOW + 301), refused(), CONFIG)


def _pairs() -> Iterator[Case]:
    again = signed(GOOD, NOW + 60)
    retry = (("X-Slack-Retry-Num", "1"), ("X-Slack-Retry-Reason", "http_timeout"))
    repeated = Request((*again.headers, *retry), GOOD)
    yield Case("retry of good", repeated, MESSAGE, CONFIG, NOW + 60, same_as="good")
    stamp = f"{NOW - 1}.000200"
    second = said(id="Ev0RELAY0003", ts=stamp)
    other = taken(key="Ev0RELAY0003", type="message", time=NOW - 2, also=[f"C0RELAY01:{stamp}"])
    yield Case("the same words again", signed(second), other, CONFIG, differs_from="good")
    method = Request(signed(GOOD).headers, GOOD, method="PUT")
    yield Case("another method", method, refused(405), CONFIG, why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "slack",
    (*_events(), *_forms(), *_handshakes(), *_proofs(), *_pairs()),
    oracle=f"{sdk('slack-sdk')}; handshakes: {sdk('slack-bolt')}",
    judge=judge,
)
