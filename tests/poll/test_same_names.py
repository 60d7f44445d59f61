"""One thing, told by webhook and found by a gap poll: both call it by the same name, so it is one event."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from relay.poll.definition import Poll
from relay.receive.providers.protocol import Identity, Request
from tests.poll.preset import listed, opened
from tests.receive.providers.pasted import provider


def webhook(name: str, kind: str) -> tuple[Identity, Any, Request]:
    """A webhook as that sender posts it: how relay calls it, what it says, and how it came."""
    source = provider(name)
    sample = next(sample for sample in source.samples() if sample.type == kind)
    headers = ((b"Content-Type", sample.content_type.encode()), *sample.headers)
    request = Request("POST", "/in/shop", "", headers, sample.body)
    found = source.identify(request)
    assert isinstance(found, Identity)
    return found, orjson.loads(sample.body), request


def poll(folder: Path, name: str) -> Poll:
    return opened(folder, name).polls[name]


def test_stripe(tmp_path: Path) -> None:
    """The list of events holds what was posted: the key is the event's id, and type and body are the same."""
    told, event, _ = webhook("stripe", "payment_intent.succeeded")
    found = listed(poll(tmp_path, "stripe-events"), {"data": [event], "has_more": False})
    assert found == [(told.key, told.type, event)]


def test_paypal(tmp_path: Path) -> None:
    """As Stripe's."""
    told, event, _ = webhook("paypal", "PAYMENT.CAPTURE.COMPLETED")
    found = listed(poll(tmp_path, "paypal-events"), {"events": [event], "links": []})
    assert found == [(told.key, told.type, event)]


@pytest.mark.parametrize("kind", ["push", "issues.opened"])
def test_github(tmp_path: Path, kind: str) -> None:
    """A delivery's guid is the webhook's key; its type is the webhook's, with or without an action."""
    told, body, request = webhook("github", kind)
    delivery = {
        "id": (1 << 53) + 1,
        "guid": request.fields["X-GitHub-Delivery"],
        "delivered_at": "2026-09-21T14:13:20Z",
        "event": request.fields["X-GitHub-Event"],
        "action": body.get("action"),
    }
    ((key, type_, _),) = listed(poll(tmp_path, "github-deliveries"), [delivery])
    assert (key, type_) == (told.key, told.type)


def test_slack(tmp_path: Path) -> None:
    """A message has no event_id in the history: channel and ts are the webhook's further name."""
    told, body, _ = webhook("slack", "message")
    message = {key: value for key, value in body["event"].items() if key != "channel"}
    document = {"ok": True, "messages": [message]}
    found = listed(poll(tmp_path, "slack-messages"), document, channel=body["event"]["channel"])
    assert found == [(*told.also, told.type, message)]


def test_zoom(tmp_path: Path) -> None:
    """A meeting that ended: the report knows its uuid."""
    told, body, _ = webhook("zoom", "meeting.ended")
    meeting = {"uuid": body["payload"]["object"]["uuid"], "end_time": "2026-09-21T14:13:20Z"}
    document = {"meetings": [meeting], "next_page_token": ""}
    ((key, type_, _),) = listed(poll(tmp_path, "zoom-ended"), document)
    assert ((key,), type_) == (told.also, told.type)


@pytest.mark.parametrize(("kind", "also"), [("orders/create", {"orders/updated"}), ("orders/updated", set())])
def test_shopify(tmp_path: Path, kind: str, also: set[str]) -> None:
    """An order's row stands for its webhooks: it was created, if that is news, and updated at that moment."""
    told, order, _ = webhook("shopify", kind)
    found = listed(poll(tmp_path, "shopify-gap"), {"orders": [order]})
    assert {type_ for _, type_, _ in found} == {kind} | also
    assert (*told.also, kind, order) in found
    assert len(told.also) == 1
