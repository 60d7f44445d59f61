"""The preset `cloudevents`: what its vectors do not show."""

from typing import Any

import orjson
import pytest

from relay.config.schema import Config
from relay.receive.providers.cloudevents import MOST_EVENTS
from relay.receive.providers.protocol import Answer, Identity, Part, Rejected, Request
from relay.receive.source import open_sources
from tests.receive import wire
from tests.receive.providers.posting import NOW, identity, post, provider, status
from tests.receive.stand import Stand

TOKEN = "relay-token+/é"
TABLE: dict[str, Any] = {"provider": "cloudevents", "secret": ["other", TOKEN]}
SOURCE = provider(**TABLE)
BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
EVENT = {"specversion": "1.0", "id": "7", "source": "/s", "type": "t"}


def several(body: bytes, media: str = BATCH, **table: Any) -> tuple[Part, ...] | Rejected:
    found = provider(**TABLE, **table).identify(post({"Content-Type": media, "X-Own": "1"}, body))
    assert not isinstance(found, Identity)
    return found


def refusal(request: Request) -> int:
    found = SOURCE.identify(request)
    assert isinstance(found, Rejected)
    return found.status


def binary(**attributes: str | bytes) -> Request:
    return post({f"ce-{name}": value for name, value in (EVENT | attributes).items()}, b"\x00\xff")


@pytest.mark.parametrize(
    ("header", "query", "expected"),
    [
        (f"Bearer {TOKEN}", "", 200),
        (f"bearer   {TOKEN}", "", 200),
        (None, "access_token=relay-token%2B%2F%C3%A9", 200),
        (None, "a=1&access%5Ftoken=relay-token%2b/%c3%a9&access_token=x", 200),
        ("Basic eDp5", "access_token=other", 200),
        (None, "access_token=x&access_token=other", 401),
        (None, "access_token=", 401),
        (None, "access_token", 401),
        (None, "access_token=%FF", 401),
        (None, "Access_Token=other", 401),
        ("Bearer", "", 401),
        ("Bearer ", "", 401),
        (f"Bearer {TOKEN} {TOKEN}", "", 401),
        (b"Bearer \xff\xfe", "", 401),
    ],
)
def test_tokens(header: str | bytes | None, query: str, expected: int) -> None:
    """The token stands in either place, and is compared as bytes."""
    request = post({} if header is None else {"Authorization": header}, b"", query)
    assert status(SOURCE, request) == expected


def test_the_token_goes_no_further() -> None:
    """Neither the header nor the parameter is kept where others could read it."""
    assert b"authorization" in SOURCE.proofs
    assert "access_token" in SOURCE.proof_parameters


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a b", "a b"),
        ("caf%C3%A9", "café"),
        ("café", "café"),
        ('"a\\"b\\\\c"', 'a"b\\c'),
        ('"caf%c3%a9%22"', 'café"'),
        ("%25C3", "%C3"),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ('"', '"'),
        ('"a', '"a'),
    ],
)
def test_attributes_in_headers(written: str, read: str) -> None:
    """Unquoted, then percent-decoded, once."""
    assert identity(SOURCE, binary(id=written)).key == f"/s#{read}"


@pytest.mark.parametrize("value", [b"\xff", b"%FF", b"%C3", b"%ED%A0%80", b'"%FF"'])
@pytest.mark.parametrize("name", ["id", "type", "subject", "anything"])
def test_attributes_that_are_no_text(name: str, value: bytes) -> None:
    """What decodes to no UTF-8 is refused, in whichever attribute."""
    assert refusal(binary(**{name: value})) == 400


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("application/cloudevents", 415),
        ("application/cloudevents+avro", 415),
        ("Application/CloudEvents-Batch+Avro; a=b", 415),
        ("application/cloudevents-batch", 415),
        ("application/json", 400),
        ("text/plain", 400),
        ("", 400),
    ],
)
def test_media_types(media: str, expected: int) -> None:
    """A format of CloudEvents that is not JSON is 415; any other is data, its attributes headers."""
    assert refusal(post({"Content-Type": media}, orjson.dumps(EVENT))) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("/s#7", "t", None)),
        ({"source": "a#b", "id": "c#d"}, ("a#b#c#d", "t", None)),
        ({"time": "2025-11-24T16:00:00Z"}, ("/s#7", "t", NOW)),
        ({"time": "soon"}, ("/s#7", "t", None)),
        ({"time": None, "type": "ü" * 300}, ("/s#7", "ü" * 256, None)),
    ],
)
def test_names(changed: dict[str, Any], expected: tuple[str, str, int | None]) -> None:
    """Source and id together, type, and time where it can be read."""
    named = identity(SOURCE, post({"Content-Type": STRUCTURED}, orjson.dumps(EVENT | changed)))
    assert (named.key, named.type, named.occurred) == expected


@pytest.mark.parametrize("name", EVENT)
@pytest.mark.parametrize("value", ["", None, 1, [], {}, "1.1"])
def test_required_attributes(name: str, value: object) -> None:
    """Each is a text that says something, and the version is 1.0."""
    body = orjson.dumps(EVENT | {name: value})
    fit = name != "specversion" and value == "1.1"
    found = SOURCE.identify(post({"Content-Type": STRUCTURED}, body))
    assert isinstance(found, Identity if fit else Rejected)


def test_a_batch_is_its_events() -> None:
    """Each with its own names, its bytes as written, and the headers of an event that came alone."""
    first = '{"specversion":"1.0","id":"1","source":"/s","type":"a","data":[1.50,18446744073709551617]}'
    second = '{ "type":"b", "id":"2", "source":"/ü", "specversion":"1.0", "time":"2025-11-24T16:00:00Z" }'
    parts = several(f"[ {first} ,\n{second}]".encode(), f"{BATCH}; charset=utf-8")
    assert isinstance(parts, tuple)
    assert [part.body.decode() for part in parts] == [first, second]
    assert [part.identity for part in parts] == [Identity("/s#1", "a"), Identity("/ü#2", "b", NOW)]
    headers = ((b"X-Own", b"1"), (b"Content-Type", b"application/cloudevents+json"))
    assert all(part.headers == headers for part in parts)


def test_a_batch_by_the_user_s_names() -> None:
    """The file's own `id` and `type` see each element as the body."""
    elements = [EVENT | {"id": "1", "data": {"n": 7}}, EVENT | {"id": "2"}]
    parts = several(orjson.dumps(elements), id="body.data.n", type='"own." + body.id')
    assert isinstance(parts, tuple)
    names = [(part.identity.key, part.identity.type) for part in parts]
    assert names == [("7", "own.1"), ("/s#2", "own.2")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", 400),
        (b"", 400),
        (b"{}", 400),
        (b"[1]", 400),
        (orjson.dumps([EVENT, EVENT | {"id": ""}]), 400),
        (orjson.dumps([EVENT | {"data": 0}])[:-3] + b"[" * 2_000 + b"]" * 2_000 + b"}]", 400),
        (orjson.dumps([EVENT] * (MOST_EVENTS + 1)), 413),
    ],
)
def test_batches_that_are_refused(body: bytes, expected: int) -> None:
    """A batch is taken as a whole or not at all: empty, broken in one element, too deep, too many."""
    found = several(body)
    assert isinstance(found, Rejected)
    assert found.status == expected


def test_the_largest_batch() -> None:
    """As many as are allowed are taken."""
    found = several(orjson.dumps([EVENT] * MOST_EVENTS))
    assert isinstance(found, tuple)
    assert len(found) == MOST_EVENTS


def asked(origin: str | bytes | None, rate: str = "", **table: Any) -> dict[str, str] | int | None:
    """What OPTIONS grants; the status if it refuses."""
    headers: dict[str, str | bytes] = {} if origin is None else {"WebHook-Request-Origin": origin}
    if rate:
        headers["WebHook-Request-Rate"] = rate
    request = Request("OPTIONS", "/in/shop", "", post(headers).headers, b"")
    answer = provider(**TABLE, **table).greet(request, NOW, proven=False)
    if isinstance(answer, Answer):
        assert answer.body == b""
        return {name.decode(): value.decode() for name, value in answer.headers}
    return None if answer is None else answer.status


def granted(origin: str, rate: str) -> dict[str, str]:
    return {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate, "Allow": "POST"}


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("good.example", granted("good.example", "*")),
        ("GOOD.example", granted("GOOD.example", "*")),
        ("good.example.evil.net", 400),
        ("good.exampl", 400),
        ("sub.good.example", 400),
        ("good.example,evil.net", 400),
        ("good.example:443", 400),
        ("*", 400),
        ("", 400),
        (None, 400),
        (b"\xff", 400),
    ],
)
def test_origins(origin: str | bytes | None, expected: dict[str, str] | int) -> None:
    """Only the whole name is granted, in whatever case."""
    assert asked(origin, allowed_origins=["Good.Example", "eventgrid.azure.net"]) == expected


@pytest.mark.parametrize(
    ("allowed", "rate", "expected"),
    [
        ("120/m", "", "120"),
        ("120/m", "500", "120"),
        ("2/s", "7", "120"),
        ("7/m", "", "7"),
        ("4000/h", "", "66"),
        ("1/d", "", "1"),
        (None, "500", "500"),
        (None, "-1", "*"),
        (None, "1e9", "*"),
        (None, "9" * 10, "*"),
        (None, "", "*"),
    ],
)
def test_rates(allowed: str | None, rate: str, expected: str) -> None:
    """Requests a minute: what the file allows, else what was asked for."""
    table = {} if allowed is None else {"allowed_rate": allowed}
    assert asked("any.example", rate, allowed_origins=["*"], **table) == granted("*", expected)


def test_anybody() -> None:
    """`*` grants to all, and repeats nobody's bytes."""
    assert asked(b"\xff\xfe", allowed_origins=["*"]) == granted("*", "*")
    assert asked(None, allowed_origins=["*"]) == 400


def test_without_origins_there_are_no_options() -> None:
    """Only who is told in the file may be granted anything."""
    assert SOURCE.methods == {"POST"}
    assert provider(**TABLE, allowed_origins=["a"]).methods == {"POST", "OPTIONS"}


async def test_over_the_wire(stand: Stand) -> None:
    """A token in the query is not stored, its answer is private, and OPTIONS needs none."""
    table = {"provider": "cloudevents", "secret": "t", "allowed_origins": ["a.example"]}
    opened, problems = open_sources(Config.model_validate({"source": {"shop": table}}))
    assert not problems
    stand.receiver.open(opened, (), 1 << 20)
    body, media = orjson.dumps([EVENT, EVENT | {"id": "8"}]), f"Content-Type: {BATCH}"
    said = await stand.ask(wire.request("/in/shop?a=1&access_token=t&b=2", body, media))
    assert (said.status, said.headers["Cache-Control"], said.body) == (202, "private", b"")
    stored = await stand.events()
    assert [event.query for event in stored] == ["a=1&b=2"] * 2
    assert said.headers["Relay-Event-Id"].split(",") == [event.id for event in reversed(stored)]
    again = await stand.ask(wire.request("/in/shop", body, media, "Authorization: Bearer t"))
    assert (again.status, again.headers["Relay-Duplicate"]) == (202, "true")
    assert "Cache-Control" not in again.headers
    assert len(await stand.events()) == 2
    greeted = await stand.ask(
        wire.request("/in/shop", b"", "WebHook-Request-Origin: a.example", method="OPTIONS")
    )
    assert (greeted.status, greeted.headers["WebHook-Allowed-Origin"]) == (200, "a.example")
