"""The bytes of all bodies together."""

from hypothesis import given
from hypothesis import strategies as st

from relay.receive.body import Inflight


def test_room() -> None:
    """To the byte; what did not fit holds nothing."""
    inflight = Inflight(10)
    assert inflight.take(10)
    assert not inflight.take(1)
    inflight.give(4)
    assert not inflight.take(5)
    assert inflight.take(4)
    assert inflight.held == 10


@given(st.integers(0, 100), st.lists(st.integers(0, 60)))
def test_never_over_the_limit(limit: int, sizes: list[int]) -> None:
    """Whatever is asked for; and when all is given back, nothing is held."""
    inflight = Inflight(limit)
    taken = []
    for size in sizes:
        if inflight.take(size):
            taken.append(size)
        assert inflight.held == sum(taken) <= limit
    for size in taken:
        inflight.give(size)
    assert inflight.held == 0
