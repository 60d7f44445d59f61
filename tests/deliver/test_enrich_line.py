"""The line of those who wait for answers: how long it gets, when others come back, and who looks again."""

from heapq import heappop, heappush
from itertools import pairwise

import pytest

from relay.clock import MILLISECOND, SECOND
from relay.deliver.enrich.line import (
    FIRST_LOOK,
    FURTHEST,
    LAST_LOOK,
    LINE,
    SILENT,
    TELL_EVERY,
    Line,
)
from relay.http.ask import Fail, Retry, Wait
from relay.http.response import Response

UNHEARD = Retry("no answer in time")
HEARD = Retry("answered 500", Response(500, {}, b"", "", 0))


def line(pace: int = 0, at_once: int = 4) -> Line:
    return Line(at_once, pace, lambda: 0.5)


def full(pace: int = 0) -> Line:
    made = line(pace)
    for _ in range(LINE):
        made.enter(0)
    return made


def test_it_is_bounded() -> None:
    """So many wait, or twice as many as the api takes at once where that is more."""
    assert full().full
    one = full()
    one.leave(0)
    assert not one.full
    wide = line(at_once=LINE)
    for _ in range(2 * LINE - 1):
        wide.enter(0)
    assert not wide.full


def test_who_is_sent_away_comes_back_one_behind_the_other() -> None:
    """When half of the line may be gone, at the pace of the file's rates: no two at the same moment."""
    one = full(pace=SECOND // 2)
    back = [one.back_at(0, 0) for _ in range(100)]
    assert back[0] == (LINE // 2 + 1) * SECOND // 2
    assert {later - earlier for earlier, later in pairwise(back)} == {SECOND // 2}


def test_nobody_comes_back_before_the_api_wants_to_be_asked() -> None:
    """Then they do so one behind the other, too."""
    one = line()
    back = [one.back_at(0, 60 * SECOND) for _ in range(100)]
    assert back == sorted(back)
    assert 60 * SECOND < back[0] < back[-1]


def test_nobody_is_sent_away_for_long() -> None:
    """However slow it looks, and however many there are: it may get faster. They are spread, too."""
    numbers = iter([0.0, 0.5, 0.999])
    one = Line(4, 10 * SECOND, lambda: next(numbers))
    for _ in range(FURTHEST // (10 * SECOND)):
        one.back_at(0, 0)
    further = [one.back_at(0, 0) for _ in range(3)]
    assert further == [FURTHEST // 2, FURTHEST * 3 // 4, int(FURTHEST * 1.999 / 2)]


def served(count: int, latency: int, until: int) -> tuple[int, int, int]:
    """`count` come at once, four are asked for at a time: when the last was served, how many were by `until`,
    how often any was sent away.
    """
    one, coming = line(), [(n * 100, n, "comes") for n in range(count)]
    asked = waiting = done = away = now = 0
    while coming and coming[0][0] <= until:
        now, n, what = heappop(coming)
        if what == "comes" and one.full:
            away += 1
            heappush(coming, (one.back_at(now, 0), n, what))
            continue
        if what == "comes":
            one.enter(now)
            waiting += 1
        else:
            one.leave(now)
            asked, done = asked - 1, done + 1
        while waiting and asked < 4:
            waiting, asked = waiting - 1, asked + 1
            heappush(coming, (now + latency, -done, "leaves"))
    return now, done, away


@pytest.mark.parametrize("latency", [10 * MILLISECOND, 100 * MILLISECOND, SECOND])
def test_all_are_served_at_the_pace_of_the_api(latency: int) -> None:
    """The line never runs dry while somebody is away, and each comes back a few times only."""
    over, done, away = served(4000, latency, 10_000 * SECOND)
    assert done == 4000
    assert over < 1.02 * 4000 * latency / 4
    assert away < 5 * 4000


def test_an_api_that_hangs_is_not_run_down() -> None:
    """However many wait: each comes back twice in the first minute, then it is a few of them in a second."""
    one_minute, an_hour = (served(4000, 60 * SECOND, minutes * 60 * SECOND)[2] for minutes in (1, 60))
    assert one_minute < 3 * 4000
    assert (an_hour - one_minute) / 3540 < 40


def test_an_api_that_was_slow() -> None:
    """Where nobody is left in line, it could have gone faster: soon it does."""
    one = full()
    for n in range(LINE):
        one.leave(n * 10 * SECOND)
    assert one.back_at(0, 0) > SECOND
    for _ in range(60):
        one.enter(0)
        one.leave(0)
    quick = one.back_at(2000 * SECOND, 0) - 2000 * SECOND
    assert quick < 10 * MILLISECOND


def test_several_in_a_row_without_an_answer() -> None:
    """Then only one at a time looks again, later and later; whatever is answered opens it for all."""
    one = line()
    for _ in range(SILENT):
        assert one.may_ask(0)
        one.learn(UNHEARD, 0)
    assert not one.may_ask(FIRST_LOOK - 1)
    assert one.why == "no answer in time"
    now, waits = 0, []
    for _ in range(8):
        wait = next(wait for wait in (1, 2, 4, 8, 16, 30) if one.may_ask(now + wait * SECOND))
        now += wait * SECOND
        waits.append(wait)
        assert one.looking
        assert not one.may_ask(now)
        one.learn(UNHEARD, now)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert waits[-1] * SECOND == LAST_LOOK
    assert one.may_ask(now + LAST_LOOK)
    one.learn(HEARD, now + LAST_LOOK)
    assert [one.may_ask(now + LAST_LOOK) for _ in range(2)] == [True, True]


def test_what_says_nothing_of_answers() -> None:
    """Who was called off, or was not let through by relay itself, has found out nothing."""
    one = line()
    for _ in range(SILENT):
        one.learn(UNHEARD, 0)
    for nothing in (None, Wait(SECOND, "its quota is spent"), Fail("no request")):
        assert one.may_ask(FIRST_LOOK)
        one.learn(nothing, FIRST_LOOK)
    assert one.may_ask(FIRST_LOOK)
    assert not one.may_ask(FIRST_LOOK)


def test_what_fails_again_and_again_is_told_once_in_a_while() -> None:
    """With how often it happened in between."""
    one = line()
    assert [one.untold(at) for at in (0, 1, TELL_EVERY - 1)] == [0, None, None]
    assert [one.untold(at) for at in (TELL_EVERY, TELL_EVERY + 1, 3 * TELL_EVERY)] == [2, None, 1]
