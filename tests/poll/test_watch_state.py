"""What is remembered of a watched thing: pure."""

from dataclasses import replace

import pytest

from relay.clock import SECOND
from relay.poll.watch_state import Pace, forget_before, held, load_pace, moved, refused
from relay.store.progress import Watch
from tests.clock import START
from tests.poll.watching import LIST, PACKAGE, defined

HOUR = 3600 * SECOND
PARCEL = Watch("parcel", "42", START, START + 24 * HOUR, START)
CONFIG = defined(LIST).config


def test_a_pace_comes_back_as_it_was() -> None:
    """And what the thing is and when it ends is nobody's to change."""
    once = refused(CONFIG, PARCEL, START, alone=True, spread=lambda: 0.0)
    twice = refused(CONFIG, once, START, alone=False, spread=lambda: 0.0)
    assert load_pace(twice.state) == Pace(135.0, 2, alone=True)
    assert replace(twice, due=START, state="{}") == PARCEL
    well = moved(CONFIG, twice, START, news=False, told=None, spread=lambda: 0.0)
    assert load_pace(well.state) == Pace(202.5)
    assert held(twice, START + 5) == replace(twice, due=START + 5)


@pytest.mark.parametrize("state", ["", "{", "[]", '"new"', '{"interval": "1", "alone": 1, "later": {}}'])
def test_a_state_that_is_not_understood_is_none(state: str) -> None:
    """Of a later relay, perhaps: it is asked for as at the beginning."""
    assert load_pace(state) == Pace()


def test_the_last_time_is_its_end() -> None:
    """It is due when its time is over at the latest, but for what the api wants."""
    late = replace(PARCEL, until=START + 30 * SECOND)
    assert moved(CONFIG, late, START, news=True, told=None, spread=lambda: 0.0).due == late.until
    told = START + 90 * SECOND
    assert moved(CONFIG, late, START, news=True, told=told, spread=lambda: 0.0).due == told
    assert refused(CONFIG, late, START, alone=False, spread=lambda: 0.0).due == late.until


def test_nothing_that_is_watched_is_forgotten() -> None:
    """What was last said is kept for the whole of a watch, and for longer than the names of its events."""
    day = 24 * HOUR
    assert forget_before(defined(PACKAGE).config, 7 * 86_400, START) == START - 30 * day - 2 * HOUR
    assert forget_before(defined(PACKAGE).config, 40 * 86_400, START) == START - 50 * day
