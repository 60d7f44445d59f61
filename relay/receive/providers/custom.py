"""Any other sender, in the words of its own table: `verify`, `id`, `also`, `type`, `time`."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from relay.clock import SystemClock, rfc3339
from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.fields import form, place
from relay.receive.fields.field import Field
from relay.receive.fields.names import names
from relay.receive.providers.protocol import Identity, Rejected, Request, Sample
from relay.receive.verify.words import proof, signs_form

NAMELESS = Identity(None, None)


class Custom:
    """A source with `verify`."""

    ack_timeout: float | None = None
    max_body: int | None = None

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        self._name = name
        self._path = source.path or f"/in/{name}"
        self._proof = proof(source, public_url, faults)
        self._names = names(source, faults)
        self._signs_form = signs_form(source)
        self.proofs = self._proof.hidden

    def verify(self, request: Request, now: int) -> Rejected | None:
        reason = self._proof.fails(request, now)
        return None if reason is None else Rejected(401, reason)

    def identify(self, request: Request) -> Identity | Rejected:
        return self._names.of(request, NAMELESS) if self._names else NAMELESS

    def samples(self) -> Sequence[Sample]:
        kind = f"{self._name}.sample" if self._names.type else self._name
        if self._signs_form:
            return [Sample(kind, urlencode(self._form(kind)).encode(), form.MEDIA_TYPE.decode())]
        return [Sample(kind, orjson.dumps(self._document(kind)))]

    def _form(self, kind: str) -> dict[str, Any]:
        """A form is flat: fields within fields have no place in it."""
        named = {str(field.steps[0]): value for field, value in self._values(kind) if field.root == "body"}
        return {"text": _new_text(), **named}

    def _document(self, kind: str) -> Any:
        document: Any = None
        for field, value in self._values(kind):
            if field.root == "body":
                document = place.plant(document, field.steps, value)
        document = self._proof.fill(document, _moment())
        return document if isinstance(document, list) else {"text": _new_text(), **(document or {})}

    def _values(self, kind: str) -> list[tuple[Field, str]]:
        """What each field that names the event holds in a sample."""
        found = [(field, secrets.token_hex(8)) for field in (*self._names.also, *self._names.id)]
        found += [(field, rfc3339(_moment())) for field in self._names.time]
        return found + [(field, kind) for field in self._names.type]

    def sign(self, sample: Sample, now: int) -> Headers:
        own = {b"content-type": sample.content_type.encode(), **self._named(sample.type)}
        request = Request("POST", self._path, "", tuple(own.items()), sample.body)
        proving = self._proof.headers(request, now)
        for name, _ in proving:
            own.pop(name.lower(), None)
        return (*own.items(), *proving)

    def _named(self, kind: str) -> dict[bytes, bytes]:
        """The headers that name the event."""
        values = self._values(kind)
        return {str(f.steps[0]).encode(): value.encode() for f, value in values if f.root == "headers"}


def _moment() -> int:
    """A sample is of the moment it is made at; it is given no other clock."""
    return SystemClock().now()


def _new_text() -> str:
    """Another one each time: no two samples are the same bytes."""
    return f"a sample, {secrets.token_hex(8)}"
