"""Deliveries as curl commands: what a target got, or would get. No secret stands in them."""

import base64
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from relay.clock import parse_rfc3339
from relay.config.load import Loaded
from relay.config.secret import MASK, Secret
from relay.deliver.headers import Envelope
from relay.delivery import Delivery
from relay.event import Event
from relay.receive.source import open_sources, proofs

UNKNOWN_URL: Final = "$URL"
"""Where the file names no such target, or one that has no url to show."""


def commands(deliveries: Iterable[Delivery], loaded: Loaded | None) -> Iterator[str]:
    """One for each delivery: its next attempt. `loaded`: None where the file cannot be read."""
    known = {} if loaded is None else proofs(open_sources(loaded.config)[0].values())
    envelope = Envelope(known)
    for delivery in deliveries:
        headers = envelope.headers(delivery)
        headers.setdefault("Content-Type", "")
        yield f"# {delivery.route} → {delivery.target}"
        yield _command(_url(loaded, delivery.target), headers, delivery.event.body)


def last_attempts(document: Mapping[str, Any]) -> list[Delivery]:
    """The deliveries of an event as `GET events/ID` shows it, each as it was before its last attempt."""
    event = _event(document)
    return [
        Delivery(
            id=shown["id"],
            key=shown["id"],
            route=shown["route"],
            target=shown["target"],
            attempts=max(0, shown["attempts"] - 1),
            step=0,
            born=event.received,
            event=event,
        )
        for shown in document["deliveries"]
    ]


def _event(document: Mapping[str, Any]) -> Event:
    encoded = document.get("body_base64")
    headers = [(name.encode(), value.encode()) for name, value in document["headers"] if value != MASK]
    return Event(
        id=document["id"],
        source=document["source"],
        key=document["key"],
        type=document["type"],
        via=document["via"],
        received=parse_rfc3339(document["received_at"]),
        body=document["body"].encode() if encoded is None else base64.b64decode(encoded),
        headers=tuple(headers),
    )


def _url(loaded: Loaded | None, target: str) -> str:
    table = None if loaded is None else loaded.config.target.get(target)
    if table is None or isinstance(table.url, Secret) or not table.url.startswith("http"):
        return UNKNOWN_URL
    return table.url


def _command(url: str, headers: Mapping[str, str], body: bytes) -> str:
    where = f'"{url}"' if url == UNKNOWN_URL else shlex.quote(url)
    parts = [f"curl -i -X POST {where}", *[_header(name, value) for name, value in headers.items()]]
    try:
        return " \\\n  ".join([*parts, f"--data-binary {shlex.quote(body.decode())}"])
    except UnicodeDecodeError:
        encoded = base64.b64encode(body).decode()
        return f"echo {encoded} | base64 -d | " + " \\\n  ".join([*parts, "--data-binary @-"])


def _header(name: str, value: str) -> str:
    """As curl wants it: one with an empty value has a semicolon, and no Content-Type of its own is added."""
    if not value:
        return "-H 'Content-Type:'" if name == "Content-Type" else f"-H {shlex.quote(f'{name};')}"
    return f"-H {shlex.quote(f'{name}: {value}')}"
