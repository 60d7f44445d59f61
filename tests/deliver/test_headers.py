"""The headers of an attempt: what goes along, what stays here, what is ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from relay.deliver.headers import Envelope, batch_headers, header_text, header_value, reshaped, routed
from relay.event import MASKED, Headers
from relay.expression.values import Duration, Raw, Timestamp, UInt
from relay.template import Unfit
from tests.deliver.owed import delivery, event

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
OURS = ["Relay-Event-Id", "Relay-Source", "Relay-Type", "Relay-Attempt", "Idempotency-Key", "traceparent"]


def sent(
    *headers: tuple[bytes, bytes],
    proofs: frozenset[bytes] = frozenset(),
    attempts: int = 0,
    type: str = "paid",
) -> list[tuple[str, str]]:
    """What goes to a target of an event with these headers."""
    owed = delivery(attempts=attempts, of=event(headers=headers, type=type))
    return list(Envelope({"shop": proofs}).headers(owed).items())


def along(*headers: tuple[bytes, bytes], proofs: frozenset[bytes] = frozenset()) -> list[tuple[str, str]]:
    """What of the sender's own headers goes along."""
    return [(name, value) for name, value in sent(*headers, proofs=proofs) if name not in OURS]


def test_senders_headers_go_along() -> None:
    """In order, with their case, repeated ones too: Content-Type, User-Agent, signatures."""
    headers: Headers = (
        (b"User-Agent", b"Shop/1.0"),
        (b"content-TYPE", b"application/json; charset=utf-8"),
        (b"X-Tag", b"one"),
        (b"X-Signature", b"sha256=abc"),
        (b"X-Tag", b"two"),
        (b"Content-Encoding", b"gzip"),
        (b"X-Forwarded-For", b"192.0.2.1"),
    )
    assert along(*headers) == [(name.decode(), value.decode()) for name, value in headers]


@pytest.mark.parametrize(
    "name",
    [
        *("Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE"),
        *("Trailer", "Transfer-Encoding", "Upgrade", "Host", "Content-Length", "Cookie", "Accept-Encoding"),
        *("Expect", "Relay-Anything", "relay-event-id"),
    ],
)
def test_stays_here(name: str) -> None:
    """Hop-by-hop headers, those about the sender's connection, cookies, and whatever is named as ours."""
    assert along((name.encode(), b"x"), (name.upper().encode(), b"x"), (name.lower().encode(), b"x")) == []


def test_what_connection_names_stays_here() -> None:
    """`Connection: close, X-Hop` says that X-Hop is for this connection only."""
    headers = (
        (b"X-Hop", b"1"),
        (b"Connection", b"close, x-hop"),
        (b"connection", b"X-Two"),
        (b"X-TWO", b"2"),
    )
    assert along(*headers, (b"X-End", b"3")) == [("X-End", "3")]


def test_what_proved_the_sender_stays_here() -> None:
    """The source's own proof is for us; the same name from another source goes along."""
    headers = ((b"Authorization", b"Bearer s"), (b"X-Token", b"s"))
    assert along(*headers, proofs=frozenset({b"authorization", b"x-token"})) == []
    assert along(*headers) == [("Authorization", "Bearer s"), ("X-Token", "s")]


def test_source_that_is_gone() -> None:
    """A source that the file names no more: its Authorization may have been the proof."""
    owed = delivery(of=event(headers=((b"Authorization", b"Bearer s"), (b"X-Tag", b"1")), source="gone"))
    headers = Envelope({}).headers(owed)
    assert "Authorization" not in headers
    assert headers["X-Tag"] == "1"


def test_ours() -> None:
    """Each attempt says what it is; the id and the key are the delivery's own, the attempt counts from 1."""
    headers = dict(sent(attempts=2))
    assert headers["Relay-Event-Id"] == event().id
    assert headers["Relay-Source"] == "shop"
    assert headers["Relay-Type"] == "paid"
    assert headers["Relay-Attempt"] == "3"
    assert headers["Idempotency-Key"] == f"{event().id}-1"


def test_senders_own_of_ours_are_replaced() -> None:
    """Whatever a sender calls Idempotency-Key, traceparent or Relay-*: a target finds ours, once."""
    forged = [(name.lower().encode(), b"forged") for name in OURS]
    headers = sent(*forged)
    assert sorted(name for name, _ in headers) == sorted(OURS)
    assert "forged" not in dict(headers).values()


def test_nothing_is_added() -> None:
    """No Content-Type, User-Agent or Accept where the sender gave none."""
    assert [name for name, _ in sent()] == OURS


def test_trace_is_continued() -> None:
    """The sender's trace with a span of ours, its flags and tracestate kept."""
    headers = dict(sent((b"Traceparent", f"00-{TRACE}-{SPAN}-00".encode()), (b"tracestate", b"a=1")))
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", headers["traceparent"])
    assert match
    assert (match[1], match[3]) == (TRACE, "00")
    assert match[2] != SPAN
    assert headers["tracestate"] == "a=1"


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"00",
        f"ff-{TRACE}-{SPAN}-01".encode(),
        f"00-{'0' * 32}-{SPAN}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{SPAN}-01".encode(),
        f"00-{TRACE[:-1]}-{SPAN}-01".encode(),
        b"\xff-\xff-\xff-\xff",
    ],
)
def test_trace_is_new(value: bytes | None) -> None:
    """Without a valid trace of the sender's a new one begins, and a tracestate of none goes nowhere."""
    given = () if value is None else ((b"traceparent", value),)
    headers = dict(sent(*given, (b"tracestate", b"a=1")))
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers["traceparent"])
    assert TRACE not in headers["traceparent"]
    assert "tracestate" not in headers


def test_traces_differ() -> None:
    """Two attempts are two spans, and without a sender's trace two traces."""
    assert dict(sent())["traceparent"] != dict(sent())["traceparent"]


@pytest.mark.parametrize(
    ("type", "told"),
    [
        ("order.paid", "order.paid"),
        ("a\r\nX-Forged: 1", "a%0D%0AX-Forged: 1"),
        ("tab\tnul\0del\x7f", "tab%09nul%00del%7F"),
        ("next\x85line", "next%C2%85line"),
        ("J\udcfcrgen", "J%FCrgen"),
        ("größer 100 %", "größer 100 %"),
        ("支付", "支付"),
    ],
)
def test_type_as_a_header(type: str, told: str) -> None:
    """Control characters are percent-encoded, the rest goes as UTF-8."""
    assert dict(sent(type=type))["Relay-Type"] == told


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_breaks_a_header(text: str) -> None:
    """Whatever an event calls itself, no line can be begun with it, and it can be written as UTF-8."""
    assert not set(header_text(text).encode()) & set(b"\r\n\0")


def test_values_that_are_not_utf8() -> None:
    """Our client writes UTF-8: other bytes of a value are percent-encoded, UTF-8 ones untouched."""
    assert along((b"X-Name", b"J\xfcrgen"), (b"X-Other", "Jürgen".encode())) == [
        ("X-Name", "J%FCrgen"),
        ("X-Other", "Jürgen"),
    ]


# beyond HTTP


def test_only_ours_go_beyond_http() -> None:
    """A broker is given ours and the Content-Type; nothing else of the sender's, but its trace goes on."""
    given = (
        (b"X-Tag", b"1"),
        (b"content-type", b"text/plain"),
        (b"Content-Type", b"text/html"),
        (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode()),
        (b"tracestate", b"a=1"),
    )
    headers = Envelope({}).headers(delivery(of=event(headers=given)), along=False)
    assert sorted(headers) == sorted([*OURS, "Content-Type"])
    assert headers["Content-Type"] == "text/plain"
    assert headers["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.parametrize("headers", [(), ((b"Content-Type", MASKED),)])
def test_no_content_type_is_made_up(headers: Headers) -> None:
    """Where the sender gave none, none is sent."""
    assert list(Envelope({}).headers(delivery(of=event(headers=headers)), along=False)) == OURS


def test_attributes_can_stay_here() -> None:
    """A format of CloudEvents has its own: a sender's `ce-*`, in whatever case, do not go along."""
    given = ((b"ce-id", b"1"), (b"CE-Type", b"t"), (b"ce-id", b"2"), (b"X-Ce-Id", b"3"), (b"cer", b"4"))
    headers = Envelope({}).headers(delivery(of=event(headers=given)), attributes=False)
    assert [name for name in headers if name not in OURS] == ["X-Ce-Id", "cer"]


# a route's own


def test_route_replaces_all_of_a_name() -> None:
    """However often the sender gave it, and in whatever case; null takes it away; others stay."""
    headers = CIMultiDict(
        [("X-Tag", "one"), ("x-tag", "two"), ("X-Gone", "1"), ("x-gone", "2"), ("X-Other", "o")]
    )
    routed(headers, {"X-TAG": "mine", "X-Gone": None, "X-New": "", "X-Never": None})
    assert list(headers.items()) == [("X-TAG", "mine"), ("X-Other", "o"), ("X-New", "")]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("ü\r\nX: 1", "ü%0D%0AX: 1"),
        ("", ""),
        (True, "true"),
        (17, "17"),
        (1 << 70, str(1 << 70)),
        (UInt(3), "3"),
        (2.0, "2"),
        (1.5, "1.5"),
        (Raw("a b"), "a b"),
    ],
)
def test_value_of_a_header(value: object, told: str) -> None:
    """A string, a number, a bool; what a string holds can begin no line of its own."""
    assert header_value(value) == told


@pytest.mark.parametrize("value", [{}, [], b"a", None, Timestamp(0), Duration(1), Raw([])])
def test_no_value_of_a_header(value: object) -> None:
    """Nothing else is made into a text without being told to."""
    with pytest.raises(Unfit, match="cannot be a header"):
        header_value(value)


def test_another_body() -> None:
    """Its type is told, and what the sender said of its own bytes is not: a target would go by it."""
    said = ["Content-Encoding", "content-md5", "Digest", "Content-Digest", "Repr-Digest", "Content-Range"]
    headers = CIMultiDict([("content-type", "text/plain"), ("X-Tag", "1"), *((name, "x") for name in said)])
    reshaped(headers, "application/json")
    assert dict(headers) == {"Content-Type": "application/json", "X-Tag": "1"}


# batches


def test_batch() -> None:
    """All ids in their order, the highest attempt, a trace of its own; nothing of any sender."""
    several = [delivery(1), delivery(2, attempts=4), delivery(3, of=event(3, headers=((b"X-Tag", b"1"),)))]
    headers = batch_headers(several, "application/json")
    assert sorted(headers) == sorted(
        ["Content-Type", "Idempotency-Key", "Relay-Attempt", "Relay-Event-Id", "traceparent"]
    )
    assert headers["Content-Type"] == "application/json"
    assert headers["Relay-Event-Id"] == ",".join(event(n).id for n in (1, 2, 3))
    assert headers["Relay-Attempt"] == "5"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers["traceparent"])


def test_key_of_a_batch() -> None:
    """The same for the same deliveries, at any attempt and after any restart, and for no others."""
    several = [delivery(1), delivery(2)]
    key = batch_headers(several, "application/json")["Idempotency-Key"]
    assert key == "batch-ac2e597a49c100bab02fb5ecaf73ec7ad4a2dbe1"
    again = [delivery(1, attempts=3), delivery(2, attempts=3)]
    assert batch_headers(again, "application/json")["Idempotency-Key"] == key
    for others in ([delivery(1)], [delivery(1), delivery(3)], [delivery(1), delivery(2), delivery(3)]):
        assert batch_headers(others, "application/json")["Idempotency-Key"] != key
