"""Requests of events in each form, as an attempt makes them."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from multidict import CIMultiDict

from relay.deliver.format import open_format
from relay.deliver.headers import Envelope, reshaped
from relay.event import Event
from tests.deliver.owed import delivery, event

POSTED: Final = "cloud"
"""The source whose sender posts CloudEvents."""
STRUCTURED: Final = "application/cloudevents+json"
THEIRS: Final = {"specversion": "1.0", "id": "A-1", "source": "/orders", "type": "paid"}
"""The attributes of what came as one."""
NONE: Final[Mapping[str, str]] = {}
Request = tuple[bytes, "CIMultiDict[str]"]


def formed(
    name: str, of: Event, made: bytes | None = None, public_url: str | None = "https://hooks.example.com"
) -> Request:
    """The request of an event, as the attempt makes it; `made`: what a route made of its body."""
    form = open_format(name, public_url, {POSTED})
    headers = Envelope({}).headers(delivery(of=of), attributes=form.leaves_attributes)
    if made is not None:
        reshaped(headers, "application/json")
    body = of.body if made is None else made
    return form.form(of, body, headers, transformed=made is not None), headers


def telling(headers: "CIMultiDict[str]") -> dict[str, str]:
    """Those headers that make a CloudEvent."""
    return {name: value for name, value in headers.items() if name[:3] == "ce-" or name == "Content-Type"}


def posted(
    body: Any, media: str = STRUCTURED, attributes: Mapping[str, str] = NONE, source: str = POSTED
) -> Event:
    headers = [(b"Content-Type", media.encode())]
    headers += [(f"ce-{name}".encode(), value.encode()) for name, value in attributes.items()]
    written = body if isinstance(body, bytes) else orjson.dumps(body)
    return event(body=written, headers=tuple(headers), source=source)
