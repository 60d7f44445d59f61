"""`format`: what a target wants to be sent: bodies as they are, or CloudEvents, structured or binary."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Protocol

from multidict import CIMultiDict

from relay.clock import rfc3339
from relay.deliver import cloudevent, posted
from relay.deliver.cloudevent import CloudEvent
from relay.deliver.headers import CONTENT_TYPE, first, reshaped
from relay.event import Event

NAMELESS: Final = "relay.event"
"""The type of an event that has none."""
NOBODY: Final[frozenset[str]] = frozenset()


class Format(Protocol):
    """One form of requests."""

    @property
    def leaves_body(self) -> bool:
        """Whether bodies go as they are, and nothing of them is read."""

    @property
    def leaves_attributes(self) -> bool:
        """Whether a sender's own `ce-*` headers go along."""

    @property
    def batch_type(self) -> str:
        """The Content-Type of an array of such bodies."""

    def form(self, event: Event, body: bytes, headers: "CIMultiDict[str]", *, transformed: bool) -> bytes:
        """The body that goes out for `event`, whose own or `transformed` one is `body`.

        `headers` are the request's, as all others have made them; what this form needs is put into them.
        """


def open_format(name: str, public_url: str | None, posters: AbstractSet[str] = NOBODY) -> Format:
    """The form of that name. `posters`: the sources whose senders post CloudEvents."""
    if name == "raw":
        return Raw()
    origins = Origins(public_url or "", posters)
    return Binary(origins) if name == "cloudevents-binary" else Structured(origins)


class Raw:
    """`raw`: what came, or what the route made of it."""

    leaves_body = True
    leaves_attributes = True
    batch_type = cloudevent.JSON

    def form(
        self,
        event: Event,  # noqa: ARG002  the protocol's
        body: bytes,
        headers: "CIMultiDict[str]",  # noqa: ARG002  the protocol's
        *,
        transformed: bool,  # noqa: ARG002  the protocol's
    ) -> bytes:
        return body


@dataclass(frozen=True, slots=True)
class Origins:
    """Where events come from, as CloudEvents say it."""

    public_url: str
    """What stands before `/in/NAME`."""
    posters: AbstractSet[str]
    """The sources whose senders post CloudEvents. Of nobody else does a `ce-*` header, or a body, say where
    an event comes from."""

    def is_structured(self, event: Event) -> bool:
        """Whether the event's body is a CloudEvent, by what its sender says."""
        if event.source not in self.posters:
            return False
        media = (first(event.headers, b"content-type") or b"").partition(b";")[0]
        return media.strip().lower() == cloudevent.STRUCTURED.encode()

    def cloud_event(
        self, event: Event, body: bytes, headers: "CIMultiDict[str]", *, transformed: bool
    ) -> CloudEvent:
        """The event with `body` for its data, which is of the type that `headers` say."""
        structured = self.is_structured(event)
        came = self._came(event, structured=structured)
        if came is not None and structured and not transformed:
            return came
        attributes = self._attributes(event) if came is None else came.attributes
        if transformed:
            attributes = {name: value for name, value in attributes.items() if name not in cloudevent.OF_DATA}
        if not body:
            return CloudEvent(attributes, None)
        data_type = cloudevent.data_type(headers.get(CONTENT_TYPE), body)
        return CloudEvent(attributes | {"datacontenttype": data_type}, body)

    def _came(self, event: Event, *, structured: bool) -> CloudEvent | None:
        """As its sender posted it; None: it posted none, or none that can be read."""
        if event.source not in self.posters:
            return None
        if structured:
            return posted.from_json(event.body)
        return posted.from_headers(event.headers, event.body)

    def _attributes(self, event: Event) -> cloudevent.Attributes:
        return {
            "specversion": "1.0",
            "id": event.id,
            "source": f"{self.public_url}/in/{event.source}",
            "type": cloudevent.legal_text(event.type) or NAMELESS,
            "time": rfc3339(event.received if event.occurred is None else event.occurred),
        }


@dataclass(frozen=True, slots=True)
class Structured:
    """`cloudevents`: all of it in one body of JSON."""

    origins: Origins
    leaves_body = False
    leaves_attributes = False
    batch_type = cloudevent.BATCH

    def form(self, event: Event, body: bytes, headers: "CIMultiDict[str]", *, transformed: bool) -> bytes:
        if not transformed and self.origins.is_structured(event) and posted.is_sound(body):
            headers[CONTENT_TYPE] = cloudevent.STRUCTURED
            return body
        if not transformed and _is_compressed(event):
            headers[CONTENT_TYPE] = cloudevent.BYTES  # its type is that of what is inside
        made = self.origins.cloud_event(event, body, headers, transformed=transformed)
        reshaped(headers, cloudevent.STRUCTURED)
        return cloudevent.structured(made)


def _is_compressed(event: Event) -> bool:
    coding = first(event.headers, b"content-encoding")
    return coding is not None and coding.strip().lower() not in {b"", b"identity"}


@dataclass(frozen=True, slots=True)
class Binary:
    """`cloudevents-binary`: its attributes in headers, its data as they are."""

    origins: Origins
    leaves_body = False
    leaves_attributes = False
    batch_type = ""

    def form(self, event: Event, body: bytes, headers: "CIMultiDict[str]", *, transformed: bool) -> bytes:
        made = self.origins.cloud_event(event, body, headers, transformed=transformed)
        headers.update(cloudevent.attribute_headers(made))
        if made.data is None:
            headers.popall(CONTENT_TYPE, None)
            return b""
        data_type = cloudevent.data_type(made.data_type, made.data)
        if made.data is body:
            headers[CONTENT_TYPE] = data_type
        else:
            reshaped(headers, data_type)
        return made.data
