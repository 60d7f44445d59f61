"""Events' ids, and headers as one block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.event import EPOCH, Event, Ids, new_tag, pack_headers, tick_at, unpack_headers
from tests.clock import START

HEADER = st.tuples(
    st.binary(min_size=1).filter(lambda name: not set(name) & set(b":\r\n")),
    st.binary().filter(lambda value: not set(value) & set(b"\r\n")),
)


def test_ids_order_and_differ() -> None:
    """Later ones sort behind earlier ones, also within a microsecond and when the clock goes back."""
    ids = Ids("abc1234")
    times = [START, START, START + 1, START - 10_000_000, START + 5]
    given_out = [ids.next(now) for now in times]
    assert given_out == sorted(set(given_out))
    assert {(len(each), each[13:]) for each in given_out} == {(20, "abc1234")}


def test_ids_go_on_after_a_restart() -> None:
    """A store whose newest event lies in the future gives none twice."""
    ids = Ids("abc1234", last=START - EPOCH + 100)
    assert ids.tick(ids.next(START)) == START - EPOCH + 101


@given(st.integers(0, 2**51))
def test_tick_and_text(tick: int) -> None:
    """An id says its tick, for all times until 2091."""
    ids = Ids("abc1234")
    assert ids.tick(ids.text(tick)) == tick


@pytest.mark.parametrize(
    "text", ["", "0" * 20, "0" * 13 + "abc123", "x" * 13 + "abc1234", "0" * 14 + "abc1234"]
)
def test_foreign_ids(text: str) -> None:
    """An id of another store, or none at all, is no id of this one."""
    with pytest.raises(ValueError):
        Ids("abc1234").tick(text)


def test_tick_at() -> None:
    """Where a listing of what was received since then begins."""
    assert tick_at(START) == START - EPOCH
    assert tick_at(0) == 0


def test_tags_differ() -> None:
    """Two stores' ids never meet."""
    assert len({new_tag() for _ in range(100)}) > 90
    assert {len(new_tag()) for _ in range(100)} == {7}


@given(st.lists(HEADER).map(tuple))
def test_headers_as_a_block(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """They come out of it as they went in: order, case, repetition, every byte."""
    assert unpack_headers(pack_headers(headers)) == headers


def test_an_event_shows_no_contents() -> None:
    """What senders send may be anybody's secret: no log line or trace shows it by accident."""
    event = Event("id", "shop", "k", "t", "webhook", START, b"private", ((b"A", b"private"),), "private")
    assert "private" not in repr(event)
