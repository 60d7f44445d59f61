"""CloudEvents 1.0 over HTTP: structured, binary and batched; OPTIONS is a request for a grant."""

from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from relay import form
from relay.attribute import decoded
from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.moment import moment
from relay.receive.elements import elements
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Answer, Identity, Part, Rejected, Request
from relay.receive.verify.keys import keys
from relay.receive.verify.proof import Bearer, Proof, same
from relay.text import key_text, type_text, wire

STRUCTURED: Final = b"application/cloudevents+json"
BATCH: Final = b"application/cloudevents-batch+json"
ANY_FORMAT: Final = b"application/cloudevents"
REQUIRED: Final = ("specversion", "id", "source", "type")
VERSION: Final = "1.0"
ACCESS_TOKEN: Final = "access_token"  # noqa: S105  # the name of a parameter
MOST_EVENTS: Final = 4_000
"""Of one batch, for its transaction holds up every other sender's."""
_MOST_RATE_DIGITS: Final = 9
_FLOAT_ERROR: Final = 1e-6

Attributes = dict[str, object]


@dataclass(frozen=True)
class AccessToken(Bearer):
    """A bearer token in `Authorization`, or in the query (HTTP webhook specification, section 3)."""

    @override
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | None:
        refused = super().fails(request, now, fetched)
        given = (form.as_map(wire(request.query)) or {}).get(ACCESS_TOKEN) if refused else None
        if given is None:
            return refused
        return None if same(wire(given), self.keys) else f"a wrong {ACCESS_TOKEN} in the query"


class CloudEvents(Named):
    """`provider = "cloudevents"`."""

    accepted = 202

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        super().__init__(name, source, public_url, faults)
        self.proof_parameters = frozenset({ACCESS_TOKEN})
        self._origins = frozenset(wire(origin).lower() for origin in source.allowed_origins or ())
        self._rate = source.allowed_rate
        if source.allowed_origins is not None:
            self.methods |= {"OPTIONS"}

    @override
    def prove(self, source: SourceConfig, _public_url: str | None, faults: Faults) -> Proof:
        return AccessToken(keys(source.secret, faults))

    @override
    def greet(self, request: Request, now: int, *, proven: bool) -> Answer | Rejected | None:
        if proven or request.method != "OPTIONS":
            return super().greet(request, now, proven=proven)
        origin = self._granted(request.header("WebHook-Request-Origin") or b"")
        if origin is None:
            return Rejected(400, "its WebHook-Request-Origin is missing, or not in allowed_origins")
        granted = ((b"WebHook-Allowed-Origin", origin), (b"WebHook-Allowed-Rate", self._pace(request)))
        return Answer(headers=(*granted, (b"Allow", b"POST")))

    def _granted(self, origin: bytes) -> bytes | None:
        """To whom: the whole name counts, for `good.example.evil.net` is somebody else."""
        if not origin:
            return None
        if b"*" in self._origins:
            return b"*"
        return origin if origin.lower() in self._origins else None

    def _pace(self, request: Request) -> bytes:
        """Requests a minute; `*`: any number."""
        if self._rate is not None:
            # a whole number and not more than is allowed; 7/60 as a float is a little off
            return b"%d" % max(1, int(self._rate * 60 + _FLOAT_ERROR))
        asked = request.header("WebHook-Request-Rate") or b""
        return asked if asked.isdigit() and len(asked) <= _MOST_RATE_DIGITS else b"*"

    @override
    def identify(self, request: Request) -> Identity | Rejected | tuple[Part, ...]:
        media = (request.header("Content-Type") or b"").partition(b";")[0].strip().lower()
        if media == BATCH:
            return self._several(request)
        if media == STRUCTURED:
            return self._one(request, request.json)
        if media.startswith(ANY_FORMAT):
            return Rejected(415, "a format of CloudEvents other than JSON")
        attributes = _binary(request)
        return attributes if isinstance(attributes, Rejected) else self._one(request, attributes)

    def _one(self, request: Request, attributes: object) -> Identity | Rejected:
        own = _identity(attributes)
        return self.names.of(request, own) if isinstance(own, Identity) and self.names else own

    def _several(self, request: Request) -> tuple[Part, ...] | Rejected:
        """All of a batch, or none of it: its sender is given one answer."""
        document = request.json
        if not isinstance(document, list) or not document:
            return Rejected(400, "its batch is no list of events")
        if len(document) > MOST_EVENTS:
            return Rejected(413, f"a batch of more than {MOST_EVENTS} events")
        bodies = elements(request.body)
        if bodies is None:
            return Rejected(400, "its batch is nested too deeply")
        headers = _of_one(request.headers)
        parts: list[Part] = []
        for attributes, body in zip(document, bodies, strict=True):
            named = self._one(Request("POST", request.path, request.query, headers, body), attributes)
            if isinstance(named, Rejected):
                return named
            parts.append(Part(named, headers, body))
        return tuple(parts)


def _of_one(headers: Headers) -> Headers:
    """A batch's headers as those of an event that came alone."""
    kept = [pair for pair in headers if pair[0].lower() != b"content-type"]
    return (*kept, (b"Content-Type", STRUCTURED))


def _identity(attributes: object) -> Identity | Rejected:
    if not isinstance(attributes, dict):
        return Rejected(400, "no CloudEvent")
    found = {name: attributes.get(name) for name in REQUIRED}
    missing = [name for name, value in found.items() if not isinstance(value, str) or not value]
    if missing:
        return Rejected(400, f"no {missing[0]} in its event")
    if found["specversion"] != VERSION:
        return Rejected(400, f"an event of another specversion than {VERSION}")
    key = key_text(f"{found['source']}#{found['id']}")
    return Identity(key, type_text(str(found["type"])), moment(attributes.get("time")))


def _binary(request: Request) -> Attributes | Rejected:
    """The attributes that stand in headers; of a repeated one the first counts."""
    attributes: Attributes = {}
    for name, value in request.headers:
        lower = name.lower()
        if not lower.startswith(b"ce-"):
            continue
        try:
            attributes.setdefault(lower[3:].decode(), decoded(value))
        except UnicodeDecodeError:
            return Rejected(400, "an attribute in its headers is no UTF-8")
    return attributes
