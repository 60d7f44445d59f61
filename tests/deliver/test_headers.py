"""The headers of an attempt: what goes along, what stays here, what is ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.deliver.headers import Envelope, header_text
from relay.event import Headers
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
        ("größer 100 %", "größer 100 %"),
        ("支付", "支付"),
    ],
)
def test_type_as_a_header(type: str, told: str) -> None:
    """Control characters are percent-encoded, the rest goes as UTF-8."""
    assert dict(sent(type=type))["Relay-Type"] == told


@given(st.text())
def test_no_text_breaks_a_header(text: str) -> None:
    """Whatever an event calls itself, no line can be begun with it."""
    assert not set(header_text(text)) & {"\r", "\n", "\0"}


def test_values_that_are_not_utf8() -> None:
    """Our client writes UTF-8: other bytes of a value are percent-encoded, UTF-8 ones untouched."""
    assert along((b"X-Name", b"J\xfcrgen"), (b"X-Other", "Jürgen".encode())) == [
        ("X-Name", "J%FCrgen"),
        ("X-Other", "Jürgen"),
    ]
