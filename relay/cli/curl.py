"""`relay show --curl`: an attempt as a command to repeat it by hand. No secret stands in it."""

import base64
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from relay.cli.option import File
from relay.clock import parse_rfc3339
from relay.config.load import Loaded, load
from relay.config.secret import MASK, Secret
from relay.deliver.headers import Envelope
from relay.delivery import Delivery
from relay.errors import RelayError
from relay.event import Event
from relay.receive.source import open_sources, proofs

UNKNOWN_URL: Final = "$URL"
"""Where the file names no such target, or its url is a secret."""


def commands(document: Mapping[str, Any], file: File) -> Iterator[str]:
    """One for each delivery: its last attempt, else its first to come."""
    loaded = _load(file)
    event, envelope = _event(document), Envelope(_proofs(loaded))
    if not document["deliveries"]:
        raise RelayError(
            f"event {event.id} has no deliveries", "no route takes it; relay replay plans it anew"
        )
    for delivery in document["deliveries"]:
        yield f"# {delivery['route']} → {delivery['target']}"
        yield _command(event, envelope, delivery, _url(loaded, delivery["target"]))


def _load(file: File) -> Loaded | None:
    try:
        return load(file.path, checking=True)
    except RelayError:
        return None


def _proofs(loaded: Loaded | None) -> Mapping[str, frozenset[bytes]]:
    return {} if loaded is None else proofs(open_sources(loaded.config)[0].values())


def _url(loaded: Loaded | None, target: str) -> str:
    table = None if loaded is None else loaded.config.target.get(target)
    if table is None or isinstance(table.url, Secret) or not table.url.startswith("http"):
        return UNKNOWN_URL
    return table.url


def _event(document: Mapping[str, Any]) -> Event:
    encoded = document.get("body_base64")
    body = document["body"].encode() if encoded is None else base64.b64decode(encoded)
    return Event(
        id=document["id"],
        source=document["source"],
        key=document["key"],
        type=document["type"],
        via=document["via"],
        received=parse_rfc3339(document["received_at"]),
        body=body,
        headers=tuple(
            (name.encode(), value.encode()) for name, value in document["headers"] if value != MASK
        ),
    )


def _headers(envelope: Envelope, delivery: Delivery) -> Mapping[str, str]:
    """What is sent, and that curl adds no Content-Type of its own."""
    headers = envelope.headers(delivery)
    headers.setdefault("Content-Type", "")
    return headers


def _header(name: str, value: str) -> str:
    """As curl wants it: one with an empty value is written with a semicolon."""
    if not value:
        return "-H 'Content-Type:'" if name == "Content-Type" else f"-H {shlex.quote(f'{name};')}"
    return f"-H {shlex.quote(f'{name}: {value}')}"


def _command(event: Event, envelope: Envelope, shown: Mapping[str, Any], url: str) -> str:
    made = max(0, shown["attempts"] - 1)
    delivery = Delivery(
        shown["id"], shown["id"], shown["route"], shown["target"], made, 0, event.received, event
    )
    headers = [_header(name, value) for name, value in _headers(envelope, delivery).items()]
    where = f'"{url}"' if url == UNKNOWN_URL else shlex.quote(url)
    parts = [f"curl -i -X POST {where}", *headers, "--data-binary"]
    try:
        return " \\\n  ".join(parts) + f" {shlex.quote(event.body.decode())}"
    except UnicodeDecodeError:
        encoded = base64.b64encode(event.body).decode()
        return f"echo {encoded} | base64 -d | " + " \\\n  ".join(parts) + " @-"
