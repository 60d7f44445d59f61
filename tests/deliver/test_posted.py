"""What came as a CloudEvent goes on as it was, as far as it is legal, and by nobody else's word."""

import base64
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.attribute import encoded
from tests.deliver.documents import DOCUMENTS, WHITE
from tests.deliver.forms import THEIRS, formed, posted, telling
from tests.deliver.owed import event


def test_only_their_senders_word_counts() -> None:
    """A body or headers of a CloudEvent from any other source is data, and its attributes are nobody's."""
    for of in (posted(THEIRS, source="shop"), posted(b"{}", "application/json", THEIRS, "shop")):
        made = orjson.loads(formed("cloudevents", of)[0])
        assert (made["id"], made["source"]) == (of.id, "https://hooks.example.com/in/shop")
        assert formed("cloudevents-binary", of)[1]["ce-id"] == of.id


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"[]",
        orjson.dumps({**THEIRS, "id": ""}),
        orjson.dumps({**THEIRS, "specversion": "0.3"}),
        orjson.dumps({name: value for name, value in THEIRS.items() if name != "type"}),
        orjson.dumps({**THEIRS, "data_base64": "no base64"}),
        orjson.dumps({**THEIRS, "data_base64": 7}),
        orjson.dumps({**THEIRS, "data_base64": "aGk=", "data": 1}),
    ],
)
def test_unreadable(body: bytes) -> None:
    """What says that it is a CloudEvent and is none goes as the data of one of ours: nothing is lost."""
    made = orjson.loads(formed("cloudevents", posted(body))[0])
    assert made["id"] == event().id
    assert body in {orjson.dumps(made.get("data")), base64.b64decode(made.get("data_base64", ""))}


def test_null_is_not_set() -> None:
    """Of `data` and `data_base64` one may be null, as some senders write what is not there."""
    of = posted({**THEIRS, "data": None, "data_base64": "aGk=", "subject": None})
    assert orjson.loads(formed("cloudevents", of)[0]) == {**THEIRS, "data_base64": "aGk="}
    assert formed("cloudevents-binary", of)[0] == b"hi"
    of = posted({**THEIRS, "data": {"n": 1}, "data_base64": None})
    assert orjson.loads(formed("cloudevents", of)[0]) == {**THEIRS, "data": {"n": 1}}


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("time", "yesterday", None),
        ("time", "2026-13-01T00:00:00Z", None),
        ("time", "2026-01-05T08:00:00", None),
        ("time", "2026-01-05T08:00:00+0100", None),
        ("time", "2026-01-05t08:00:00.123456789+01:00", "2026-01-05t08:00:00.123456789+01:00"),
        ("subject", "", None),
        ("dataschema", "", None),
        ("datacontenttype", "json", None),
        ("note", "", ""),
        ("note", "a\nb\x85\ufffe", "a%0Ab%C2%85%EF%BF%BE"),
        ("n" * 40, "x", "x"),
    ],
)
def test_what_is_kept_of_an_attribute(name: str, value: str, kept: str | None) -> None:
    """What the specification does not allow is left out or encoded; all else stays, by either way it came."""
    structured = orjson.loads(formed("cloudevents", posted({**THEIRS, name: value}))[0])
    assert structured.get(name) == kept
    if name != "datacontenttype":
        of = posted(b"{}", "application/json", THEIRS | {name: encoded(value)})
        assert orjson.loads(formed("cloudevents", of)[0]).get(name) == kept
        sent = formed("cloudevents-binary", of)[1].get(f"ce-{name}")
        assert sent == (None if kept is None else encoded(kept))


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("level", b"7", 7),
        ("level", b"-2147483649", "-2147483649"),
        ("level", b"12345678901234567890123", "12345678901234567890123"),
        ("level", b"1.50", "1.50"),
        ("subject", b"7", "7"),
        ("time", b"7", None),
        ("level", b"{}", None),
    ],
)
def test_number_of_an_attribute(name: str, written: bytes, kept: object) -> None:
    """An integer of 32 bits is one; any other number is a text, as it was written."""
    of = posted(orjson.dumps(THEIRS)[:-1] + b',"%b":%b}' % (name.encode(), written))
    assert orjson.loads(formed("cloudevents", of)[0]).get(name) == kept


def test_text_stays_text() -> None:
    """Where attributes had to be left out, the data are written as they were."""
    of = posted({**THEIRS, "Bad": 1, "datacontenttype": "text/plain", "data": "hü"})
    made = {**THEIRS, "datacontenttype": "text/plain", "data": "hü"}
    assert orjson.loads(formed("cloudevents", of)[0]) == made


def test_data_of_another_form() -> None:
    """What was said of the bytes of a structured event is not said of its data."""
    of = posted({**THEIRS, "data": 1}, "Application/CloudEvents+JSON ; charset=utf-8")
    of = replace(of, headers=(*of.headers, (b"Content-Digest", b"sha-256=:x:")))
    body, headers = formed("cloudevents-binary", of)
    assert (body, headers["Content-Type"]) == (b"1", "application/json")
    assert "Content-Digest" not in headers
    assert formed("cloudevents", of)[1]["Content-Digest"] == "sha-256=:x:"


def test_type_of_no_data() -> None:
    """An event in binary mode has its type in Content-Type alone, and without data none."""
    of = posted(b"", "", THEIRS | {"datacontenttype": "text/html"})
    assert orjson.loads(formed("cloudevents", of)[0]) == THEIRS


def test_nested_too_deeply() -> None:
    """What nobody reads in parts is left whole: structured it is as it came, in binary mode data of ours.

    From Python 3.12 on it is read.
    """
    deep = b"[" * 1000 + b"]" * 1000
    of = posted(orjson.dumps(THEIRS)[:-1] + b', "data" : ' + deep + b" }")
    assert formed("cloudevents", of)[0] == of.body
    body, headers = formed("cloudevents-binary", of)
    assert (body, headers["ce-id"]) in {(of.body, of.id), (deep, "A-1")}


@given(DOCUMENTS, WHITE)
def test_data_of_a_structured_event(data: str, white: str) -> None:
    """In binary mode the body is the very text that stood there, whatever stands around it."""
    members = [*(f'"{name}":"{value}"' for name, value in THEIRS.items()), f'"data"{white}:{white}{data}']
    of = posted(f"{white}{{{white}{f'{white},{white}'.join(members)}{white}}}{white}".encode())
    body, headers = formed("cloudevents-binary", of)
    read = headers["ce-id"] == THEIRS["id"]
    assert read == is_read_by_relay(data)
    assert body == (data.strip().encode() if read else of.body)


def is_read_by_relay(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:  # a number that is no float
        return False
    return True


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), 1 << 63)
    | st.floats()
    | st.text()
    | st.lists(st.text())
)
NAMES = st.text() | st.sampled_from(
    ["data", "data_base64", "time", "subject", "datacontenttype", "my-x", "level"]
)


@given(st.dictionaries(NAMES, VALUES), st.booleans())
def test_nothing_illegal_goes_out(members: dict[str, object], transformed: bool) -> None:
    """Whatever its sender calls a CloudEvent: names, values and headers that no reader refuses."""
    of = posted(orjson.dumps({**members, **THEIRS}))
    made = b'{"a":1}' if transformed else None
    body, headers = formed("cloudevents", of, made)
    document = orjson.loads(body)
    named = document.keys() - {"data", "data_base64"}
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in named)
    assert len(document.keys() & {"data", "data_base64"}) < 2
    assert all(isinstance(document[name], str | bool | int) for name in named)
    _, headers = formed("cloudevents-binary", of, made)
    assert all(value.isascii() and value.isprintable() for value in telling(headers).values())
