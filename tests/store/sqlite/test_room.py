"""Room on the disk: the floor holds in a burst too, and an event that was refused makes old ones go."""

import pytest

from relay.event import Event
from relay.store.progress import Advance, Item
from relay.store.protocol import Entry
from relay.store.sqlite.room import AROUND, AT_LEAST, IN_LOG_AND_FILE, Room

MIB = 1 << 20
FLOOR = 64 * MIB


def entry(size: int) -> Entry:
    """Takes `size` bytes of disk."""
    body = bytes(size // IN_LOG_AND_FILE - AROUND)
    return Entry(Event("id", "shop", None, "shop", "webhook", 0, body, (), ""), ())


def test_takes_anything_before_the_first_look() -> None:
    """Nobody is refused for a disk that was not looked at yet."""
    assert Room(FLOOR).take([entry(MIB)])


def test_burst_ends_at_the_floor() -> None:
    """What was taken since the last look counts, though the disk was not looked at again."""
    room = Room(FLOOR)
    assert not room.look(FLOOR + 10 * MIB)
    assert [room.take([entry(4 * MIB)]) for _ in range(3)] == [True, True, False]
    assert not room.short


def test_less_than_the_floor_is_short() -> None:
    """Short is exactly less than the floor, and told when it changes."""
    room = Room(FLOOR)
    assert [room.look(free) for free in (FLOOR, FLOOR - 1, FLOOR - 2, FLOOR)] == [False, True, False, True]
    assert not room.short


def test_short_takes_nothing() -> None:
    """Below the floor not even the smallest event is taken."""
    room = Room(FLOOR)
    room.look(FLOOR - 1)
    assert not room.take([entry(2 * AROUND)])


@pytest.mark.parametrize(("size", "needed"), [(2 * MIB, AT_LEAST), (2 * AT_LEAST, 2 * AT_LEAST)])
def test_refused_event_asks_for_room(size: int, needed: int) -> None:
    """At the look after a refusal it is short of what that event needs, and of a few MiB at least."""
    room = Room(FLOOR)
    room.look(FLOOR + MIB)
    assert not room.take([entry(size)])
    assert room.look(FLOOR + needed - 1)
    # nobody asked since then: the floor alone counts again
    assert room.look(FLOOR)
    assert not room.take([entry(size)])
    assert not room.look(FLOOR + needed)


def test_a_pass_takes_room_though_it_brings_no_event() -> None:
    """Its state and what its list held are rows, too."""
    room = Room(FLOOR)
    room.look(FLOOR + 4 * MIB)
    listed = [Item(str(n), 0) for n in range(10_000)]
    assert [room.take([], Advance("list", "", "{}", listed)) for _ in range(2)] == [True, False]
    assert room.take([], Advance("list", "", "{}"))
    assert not room.take([], Advance("list", "", "x" * 2 * MIB))
