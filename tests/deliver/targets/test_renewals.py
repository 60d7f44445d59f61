"""How often a 401 costs a new token."""

from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.deliver.targets.renewals import LAST_WAIT, Renewals
from tests.clock import START


def test_the_first_is_always_had() -> None:
    """And so is the next, where it helped."""
    renewals = Renewals()
    assert renewals.allowed(START)
    renewals.helped()
    assert renewals.allowed(START)


def test_useless_ones_are_had_more_and_more_seldom() -> None:
    """After a second, two, four, … and a minute at most; one that helps lets the next be had at once."""
    renewals, now, waits = Renewals(), START, []
    for _ in range(8):
        renewals.useless(now)
        wait = next(wait for wait in range(1, 100) if renewals.allowed(now + wait * SECOND))
        waits.append(wait)
        now += wait * SECOND
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    renewals.helped()
    renewals.useless(now)
    assert renewals.allowed(now + SECOND)


def test_one_lesson_for_all_who_learn_it() -> None:
    """Many requests that were refused with the same token are no reason to wait longer."""
    renewals = Renewals()
    for _ in range(100):
        renewals.useless(START)
    assert not renewals.allowed(START + SECOND - 1)
    assert renewals.allowed(START + SECOND)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.booleans())))
def test_it_never_waits_for_ever(events: list[tuple[int, bool]]) -> None:
    """Whatever happens, and in whatever order it is told, a minute later another token may be had."""
    renewals = Renewals()
    for now, helped in events:
        renewals.helped() if helped else renewals.useless(now)
    assert renewals.allowed(max([now for now, _ in events], default=0) + LAST_WAIT)
