"""CloudEvents over HTTP: the SDK says what is an event, and of which identity; tokens are not its matter."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cloudevents.core.bindings import http  # type: ignore[import-not-found]  # an environment of its own
from cloudevents.core.exceptions import (  # type: ignore[import-not-found]  # an environment of its own
    BaseCloudEventException,
)
from cloudevents.core.formats.json import (  # type: ignore[import-not-found]  # an environment of its own
    JSONFormat,
)

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, sdk

SECRET: Final = "relay-vectors-token-new-01"
OLD: Final = "relay-vectors-token-old-00"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
ORIGINS: Final = {"secret": [SECRET], "allowed_origins": ["sender.example", "eventgrid.azure.net"]}
TOKEN: Final = ("Authorization", f"Bearer {SECRET}")
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
NOT_THE_SDKS: Final = "the SDK knows neither tokens nor handshakes nor methods"


def judge(case: Case) -> bool:
    """Whether the SDK makes an event of it, and the very one that is expected."""
    try:
        found = list(_events(case.request))
    except (BaseCloudEventException, ValueError):
        return False
    expected = [event["key"] for event in case.expect.get("events", [case.expect]) if "key" in event]
    return not expected or [f"{event.get_source()}#{event.get_id()}" for event in found] == expected


def _events(request: Request) -> Iterator[Any]:
    media = (request.header("Content-Type") or "").lower()
    message = http.HTTPMessage(request.fields(), request.body)
    if media.startswith("application/cloudevents-batch"):
        for element in json.loads(request.body):
            yield JSONFormat().read(None, json.dumps(element).encode())
    elif media.startswith("application/cloudevents"):
        yield http.from_structured_event(message)
    else:
        yield http.from_binary_event(message)


def attributes(id: Any = "A-0001", **more: Any) -> dict[str, Any]:
    named = {"specversion": "1.0", "id": id, "source": "/relay/orders", "type": "example.order.paid"}
    return {**named, "time": "2026-01-05T07:59:50Z", **more}


def event(id: Any = "A-0001", **more: Any) -> dict[str, Any]:
    return attributes(id, **{"datacontenttype": "application/json", "data": {"order": 17}} | more)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


def written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def structured(document: Any, media: str = STRUCTURED) -> Request:
    return post(written(document), TOKEN, media=media)


def binary(
    body: bytes | Large = b'{"order": 17}', media: str = "application/json", **headers: str | bytes | None
) -> Request:
    """Attributes as headers; one that is None is left out."""
    named: dict[str, str | bytes | None] = {**attributes(), **headers}
    pairs = [(f"ce-{name}", value) for name, value in named.items() if value is not None]
    return post(body, TOKEN, *pairs, media=media)


def accepted(key: str = "/relay/orders#A-0001") -> dict[str, Any]:
    return {"status": 202, "key": key, "type": "example.order.paid", "time": NOW - 10}


def case(name: str, request: Request, expect: dict[str, Any], why: str = "") -> Case:
    return Case(name, request, expect, CONFIG, why=why)


def apart(name: str, request: Request, expect: dict[str, Any], config: dict[str, Any] = CONFIG) -> Case:
    """What is beyond the SDK."""
    return Case(name, request, expect, config, why=NOT_THE_SDKS, judged=False)


GOOD: Final = structured(event())
INVENTED: Final = "without an id nothing is ever a duplicate; the SDK makes one up"


def _structured() -> Iterator[Case]:
    yield case("good", GOOD, accepted())
    charset = structured(event(), f"{STRUCTURED}; charset=utf-8")
    yield case("structured, with a charset", charset, accepted())
    capitals = structured(event(), "Application/CloudEvents+JSON")
    yield case("structured, in capitals", capitals, accepted())
    greeting = structured(event("Zoë-👋", data={"text": "中"}))
    yield case("structured, unicode body", greeting, accepted("/relay/orders#Zoë-👋"))
    raw = structured(attributes(data_base64=base64.b64encode(b"\x00\xff").decode()))
    yield case("structured, data in base64", raw, accepted())
    extended = structured(event(subject="17", comexampleextension="a"))
    yield case("structured, with an extension", extended, accepted())
    large = Large(written(event())[:-1] + b', "note": "', b'"}')
    yield case("structured, large body", post(large, TOKEN, media=STRUCTURED), accepted())
    for name in ("id", "source", "type", "specversion"):
        why = INVENTED if name == "id" else "the SDK adds it" if name == "specversion" else ""
        yield case(f"structured, {name} missing", structured(without(name)), refused(400), why)
    yield case("structured, an empty id", structured(event("")), refused(400))
    yield case("structured, an id that is a number", structured(event(id=7)), refused(400))
    old = "only version 1.0 is taken; the SDK knows 0.3 too"
    yield case("wrong scheme version", structured(event(specversion="0.3")), refused(400), old)
    yield case("structured, no JSON", post(b"{", TOKEN, media=STRUCTURED), refused(400))
    yield case("structured, a list", structured([event()]), refused(400))
    yield case("structured, empty body", post(b"", TOKEN, media=STRUCTURED), refused(400))
    unknown = post(b"<event/>", TOKEN, media="application/cloudevents+xml")
    yield case("a format that nobody reads here", unknown, refused(415))


def _binary() -> Iterator[Case]:
    yield case("binary", binary(), accepted())
    yield case("binary, data that is no JSON", binary(b"\x00\xff\xfe", "image/png"), accepted())
    yield case("binary, form body with a charset", binary(b"a=1&b=%C3%AB", _FORM), accepted())
    yield case("binary, unicode body", binary('{"name": "Zoë 👋"}'.encode()), accepted())
    yield case("binary, without a Content-Type", binary(media=""), accepted())
    yield case("binary, empty body", binary(b"", media=""), accepted())
    encoded = binary(id="caf%C3%A9%20%F0%9F%91%8B")
    yield case("binary, a percent-encoded id", encoded, accepted("/relay/orders#café 👋"))
    yield case("binary, decoded once only", binary(id="a%2525"), accepted("/relay/orders#a%25"))
    quoted = "the HTTP binding unquotes before it decodes; the SDK does not unquote"
    yield case("binary, a quoted id", binary(id='"A-0001"'), accepted(), quoted)
    yield case("binary, id missing", binary(id=None), refused(400), INVENTED)
    yield case("binary, source missing", binary(source=None), refused(400))
    yield case("binary, type missing", binary(type=None), refused(400))
    yield case("binary, specversion missing", binary(specversion=None), refused(400), "the SDK adds it")
    lenient = "what is not UTF-8 has to be rejected; the SDK puts something else in its place"
    yield case("binary, an id that decodes to no UTF-8", binary(id="caf%E9"), refused(400), lenient)
    yield case("non-ASCII header bytes", binary(id=b"caf\xe9"), refused(400), lenient)
    yield case("neither mode", post(b'{"order": 17}', TOKEN), refused(400))


_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"


def _batches() -> Iterator[Case]:
    def batch(*ids: str, media: str = BATCH) -> Request:
        return structured([event(id) for id in ids], media)

    def all_of(*ids: str) -> dict[str, Any]:
        return {"status": 202, "events": [_unaccompanied(id) for id in ids]}

    yield case("batch", batch("B-0001", "B-0002", "B-0003"), all_of("B-0001", "B-0002", "B-0003"))
    charset = batch("B-0004", media="Application/CloudEvents-Batch+JSON; charset=utf-8")
    yield case("batch, in capitals, with a charset", charset, all_of("B-0004"))
    yield case("batch, the same event twice", batch("B-0005", "B-0005"), all_of("B-0005", "B-0005"))
    many = [f"B-1{number:03}" for number in range(60)]
    few = structured([{key: event(id)[key] for key in _REQUIRED} for id in many], BATCH)
    yield case("batch of 60", few, {"status": 202, "count": 60})
    broken = structured([event("B-0006"), without("source")], BATCH)
    yield case("batch, one element without a source", broken, refused(400))
    yield case("batch, one element no event", structured([event("B-0007"), 7], BATCH), refused(400))
    yield case("batch that is one event", structured(event(), BATCH), refused(400))
    yield case("batch, empty body", post(b"", TOKEN, media=BATCH), refused(400))


_REQUIRED: Final = ("specversion", "id", "source", "type")


def _unaccompanied(id: str) -> dict[str, Any]:
    return {name: value for name, value in accepted(f"/relay/orders#{id}").items() if name != "status"}


def _tokens() -> Iterator[Case]:
    def proven(value: str | bytes | None, query: str = "") -> Request:
        headers = () if value is None else (("Authorization", value),)
        return Request((*headers, ("Content-Type", STRUCTURED)), written(event()), query=query)

    yield apart("token missing", proven(None), refused())
    yield apart("wrong secret", proven("Bearer of-another-sender"), refused())
    yield apart("malformed: another scheme", proven(f"Token {SECRET}"), refused())
    yield apart("malformed: no scheme", proven(SECRET), refused())
    yield apart("scheme in another case", proven(f"bEARER {SECRET}"), accepted())
    yield apart("token with non-ASCII bytes", proven(f"Bearer {SECRET}".encode() + b"\xff\xe9"), refused())
    yield apart("second of two secrets", proven(f"Bearer {OLD}"), accepted(), ROTATING)
    yield apart("access_token", proven(None, f"access_token={SECRET}"), accepted())
    encoded = "access_token=%72elay-vectors-token-new-01&x=1"
    yield apart("access_token, percent-encoded", proven(None, encoded), accepted())
    yield apart("access_token, wrong", proven(None, "access_token=x"), refused())
    wrong = Request((("Content-Type", "application/cloudevents+xml"),), b"<event/>")
    yield apart("token missing, format unknown", wrong, refused())


def _handshakes() -> Iterator[Case]:
    def asked(*headers: tuple[str, str]) -> Request:
        return Request(headers, b"", method="OPTIONS")

    def granted(*headers: tuple[str, str]) -> dict[str, Any]:
        pairs = [
            ["WebHook-Allowed-Origin", "sender.example"],
            *([*pair] for pair in headers),
            ["Allow", "POST"],
        ]
        return {"status": 200, "answer": {"headers": pairs, "body": ""}, "stored": False}

    origin, rate = ("WebHook-Request-Origin", "sender.example"), ("WebHook-Request-Rate", "500")
    allowed: Sequence[tuple[str, str]] = [("WebHook-Allowed-Rate", "120")]
    yield apart("handshake, no token", asked(origin), granted(), ORIGINS)
    paced = ORIGINS | {"allowed_rate": "120/m"}
    yield apart("handshake, with a rate", asked(origin, rate), granted(*allowed), paced)
    yield apart("handshake, a rate by the second", asked(origin, rate), granted(*allowed), _rate("2/s"))
    refusal = {"answer": {"absent": ["WebHook-Allowed-Origin"]}, "stored": False}
    for name in ("other.example", "sender.example.evil.net", "sender.exampl", "sub.sender.example"):
        yield apart(f"handshake, {name}", asked(("WebHook-Request-Origin", name)), refusal, ORIGINS)
    yield apart("handshake, no origin", asked(), refusal, ORIGINS)
    yield apart("handshake, no allowed_origins", asked(origin), refused(405))
    yield apart("another method", Request(GOOD.headers, GOOD.body, method="PUT"), refused(405))


def _rate(rate: str) -> dict[str, Any]:
    return ORIGINS | {"allowed_rate": rate}


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", GOOD, accepted(), CONFIG, NOW + 60, same_as="good")
    yield Case("good, in binary mode", binary(), accepted(), CONFIG, same_as="good")
    other = accepted("/relay/refunds#A-0001")
    elsewhere = structured(event(source="/relay/refunds"))
    yield Case("the same id of another source", elsewhere, other, CONFIG, differs_from="good")


VECTORS: Final = Vectors(
    "cloudevents",
    (*_structured(), *_binary(), *_batches(), *_tokens(), *_handshakes(), *_pairs()),
    oracle=sdk("cloudevents"),
    judge=judge,
)
