"""The forms of requests: CloudEvents as the official SDK reads them, and what never becomes of one."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from relay.clock import parse_rfc3339
from relay.deliver.embed import batch_body
from relay.deliver.format import open_format
from relay.event import Event, Headers
from tests.deliver.forms import STRUCTURED, Request, formed, telling
from tests.deliver.owed import TYPED, event

VECTORS = json.loads((Path(__file__).parent / "vectors" / "cloudevents.json").read_text())["cases"]
"""Events, and the requests that have to come of them, as the SDK has read them (`tests/oracles/python`)."""
CASES = pytest.mark.parametrize("case", VECTORS, ids=[case["case"] for case in VECTORS])
AT = parse_rfc3339("2026-01-05T08:00:00.000001Z")


def content(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def came(case: Mapping[str, Any]) -> Event:
    return Event(
        id="0c5f8d9a1b2c34567890",
        source=case["source"],
        key=None,
        type=case["type"],
        via="webhook",
        received=AT,
        body=content(case["body"]),
        headers=tuple((name.encode(), value.encode()) for name, value in case["headers"]),
    )


def of_case(name: str, case: Mapping[str, Any]) -> Request:
    made = None if case["transformed"] is None else case["transformed"].encode()
    return formed(name, came(case), made, case["public_url"])


@CASES
def test_structured(case: Mapping[str, Any]) -> None:
    """The whole event in its body, with the very bytes that the SDK read."""
    body, headers = of_case("cloudevents", case)
    assert body.decode() == case["structured"]
    assert telling(headers) == {"Content-Type": STRUCTURED}


@CASES
def test_binary(case: Mapping[str, Any]) -> None:
    """The attributes as headers, encoded as the SDK encodes them; the body is the data, untouched."""
    body, headers = of_case("cloudevents-binary", case)
    assert telling(headers) == case["binary"]
    assert body == (b"" if case["data"] is None else content(case["data"]))


def test_batch() -> None:
    """An array of structured events, each as it would go alone."""
    form = open_format("cloudevents", None)
    whole = batch_body([of_case("cloudevents", case)[0] for case in VECTORS])
    assert form.batch_type == "application/cloudevents-batch+json"
    assert json.loads(whole) == [json.loads(case["structured"]) for case in VECTORS]


@pytest.mark.parametrize("made", [None, b'{"a":1}'])
def test_raw(made: bytes | None) -> None:
    """What came, or what the route made of it; a sender's own `ce-*` goes along like any other header."""
    of = event(body=b"\xff", headers=((b"ce-id", b"7"), (b"Content-Type", b"image/png")))
    body, headers = formed("raw", of, made)
    assert body == (b"\xff" if made is None else made)
    assert telling(headers) == {
        "ce-id": "7",
        "Content-Type": "image/png" if made is None else "application/json",
    }
    assert open_format("raw", None).batch_type == "application/json"


def test_when_it_happened() -> None:
    """`time` is the sender's word of when it happened, where there is one."""
    of = Event("1", "shop", None, "paid", "poll", AT, b"{}", occurred=AT - 1)
    assert orjson.loads(formed("cloudevents", of)[0])["time"] == "2026-01-05T08:00:00.000000Z"


def test_ours_go_along() -> None:
    """In either form the request has the headers of any other, and the sender's."""
    for name in ("cloudevents", "cloudevents-binary"):
        _, headers = formed(name, event(headers=(*TYPED, (b"X-Tag", b"1"))))
        assert headers["X-Tag"] == "1"
        assert headers["Relay-Event-Id"] == event().id


# the sender's bytes, wrapped


GZIP: Headers = ((b"Content-Encoding", b"gzip"), (b"Content-Digest", b"sha-256=:x:"), *TYPED)


def test_compressed_body() -> None:
    """In JSON it is bytes, and no header says that the JSON is compressed; in binary mode all is left."""
    of = event(body=b"\x1f\x8b", headers=GZIP)
    body, headers = formed("cloudevents", of)
    made = orjson.loads(body)
    assert (made["datacontenttype"], made["data_base64"]) == ("application/octet-stream", "H4s=")
    assert not {"Content-Encoding", "Content-Digest"} & set(headers)
    body, headers = formed("cloudevents-binary", of)
    assert (body, headers["Content-Encoding"], headers["Content-Type"]) == (
        of.body,
        "gzip",
        "application/json",
    )


@pytest.mark.parametrize(
    ("said", "body", "told"),
    [
        ("no media type", b"{}", "application/json"),
        ("", b"x", "application/octet-stream"),
        ("text/plain\x7f", b"x", "application/octet-stream"),
        ("Application/CloudEvents-Batch+JSON", b"[]", "application/json"),
        ("multipart/form-data; boundary=x", b"x", "multipart/form-data; boundary=x"),
    ],
)
def test_type_of_the_data(said: str, body: bytes, told: str) -> None:
    """As the sender says it, if that is a type, and would not make a reader take the data for the event."""
    of = event(body=body, headers=((b"Content-Type", said.encode()),))
    assert orjson.loads(formed("cloudevents", of)[0])["datacontenttype"] == told
    assert formed("cloudevents-binary", of)[1]["Content-Type"] == told


def test_route_names_the_type() -> None:
    """A Content-Type that a route sets is that of the data."""
    headers = CIMultiDict({"Content-Type": "application/vnd.paid+json"})
    body = open_format("cloudevents", None).form(event(), b"{}", headers, transformed=True)
    assert orjson.loads(body)["datacontenttype"] == "application/vnd.paid+json"
    assert headers["Content-Type"] == STRUCTURED


@given(st.binary(), st.sampled_from(["", "application/json", "text/plain", "image/png"]))
def test_data_are_the_senders(body: bytes, media: str) -> None:
    """Whatever the body: a reader of either form gets the very bytes, or the JSON that they are."""
    of = event(body=body, headers=((b"Content-Type", media.encode()),))
    assert formed("cloudevents-binary", of)[0] == body
    made = orjson.loads(formed("cloudevents", of)[0])
    if "data_base64" in made:
        assert base64.b64decode(made["data_base64"]) == body
    else:
        assert made.get("data") == (orjson.loads(body) if body else None)
