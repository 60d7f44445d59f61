"""An event as `GET events/ID` shows it, and its deliveries, as the nouns they were."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from relay.clock import parse_rfc3339
from relay.config.secret import MASK
from relay.delivery import Delivery
from relay.event import MASKED, Event


def recalled_event(document: Mapping[str, Any], proofs: Collection[bytes] = ()) -> Event:
    """What is masked there stays masked. `proofs`: headers of its source that are not even kept.

    The query of the request that brought it is not told: here it is empty.
    """
    encoded, occurred = document.get("body_base64"), document["occurred_at"]
    return Event(
        id=document["id"],
        source=document["source"],
        key=document["key"],
        type=document["type"],
        via=document["via"],
        received=parse_rfc3339(document["received_at"]),
        body=document["body"].encode() if encoded is None else base64.b64decode(encoded),
        headers=tuple(_header(name.encode(), value, proofs) for name, value in document["headers"]),
        occurred=None if occurred is None else parse_rfc3339(occurred),
    )


def _header(name: bytes, value: str, proofs: Collection[bytes]) -> tuple[bytes, bytes]:
    return name, MASKED if value == MASK and name.lower() in proofs else value.encode()


def recalled_deliveries(document: Mapping[str, Any], event: Event) -> list[Delivery]:
    """Each with the attempts that it has had; its key is the first one, whatever replays gave it since."""
    return [
        Delivery(
            id=shown["id"],
            key=shown["id"],
            route=shown["route"],
            target=shown["target"],
            attempts=shown["attempts"],
            step=0,
            born=event.received,
            event=event,
        )
        for shown in document["deliveries"]
    ]


def last_attempts(document: Mapping[str, Any], event: Event) -> list[Delivery]:
    """Each as it was before its last attempt."""
    return [
        replace(each, attempts=max(0, each.attempts - 1)) for each in recalled_deliveries(document, event)
    ]
