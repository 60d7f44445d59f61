"""When the next pass is due."""

import pytest

from relay.clock import SECOND, micros
from relay.config.poll import PollConfig
from relay.http.response import Response
from relay.poll.interval import due_at, interval, told_by
from tests.clock import START
from tests.poll.stand import poll_config

HEAD = 'api = "a"\npath = "/p"\nitems = "body"\nid = "item"\n'


def config(toml: str = "") -> PollConfig:
    return poll_config(HEAD + toml)


@pytest.mark.parametrize(
    ("toml", "news", "seconds"),
    [
        ("", [True, True], [60, 60]),
        ("", [False] * 8, [90, 135, 202.5, 303.75, 455.625, 683.4375, 900, 900]),
        ("", [False, False, True, False], [90, 135, 60, 90]),
        ('every = "1h"', [False, False], [3600, 3600]),
        ('every = "30s"\nidle = "30s"', [False, False], [30, 30]),
    ],
    ids=["news", "none", "news again", "slower than idle", "even"],
)
def test_it_slows_down_while_there_is_no_news(toml: str, news: list[bool], seconds: list[float]) -> None:
    """`every` after news, half as long again after each pass without, up to `idle`."""
    found, before = [], 0.0
    for new in news:
        before = interval(config(toml), before, news=new)
        found.append(before)
    assert found == seconds


@pytest.mark.parametrize(("spread", "seconds"), [(-1, 54), (0, 60), (1, 66)])
def test_not_all_are_due_at_once(spread: float, seconds: float) -> None:
    """A tenth more or less."""
    assert due_at(START, 60.0, None, lambda: spread) == START + micros(seconds)


def test_never_before_the_api_wants_it() -> None:
    """Jitter does not shorten what was told."""
    assert due_at(START, 60.0, START + 300 * SECOND, lambda: -1.0) == START + 300 * SECOND
    assert due_at(START, 60.0, START + 30 * SECOND, lambda: 0.0) == START + 60 * SECOND


@pytest.mark.parametrize(
    ("headers", "feed", "seconds"),
    [
        ({}, True, None),
        ({"x-poll-interval": "120"}, False, 120),
        ({"retry-after": "90"}, False, 90),
        ({"x-poll-interval": "60", "retry-after": "90.5"}, False, 90.5),
        ({"cache-control": "public, max-age=1800"}, True, 1800),
        ({"cache-control": "public, max-age=1800"}, False, None),
        ({"x-poll-interval": "soon", "retry-after": "never"}, True, None),
    ],
)
def test_what_an_answer_says(headers: dict[str, str], feed: bool, seconds: float | None) -> None:
    """X-Poll-Interval, Retry-After, and of a feed how long it is fresh."""
    told = told_by(Response(200, headers, b"", "", START), START, feed=feed)
    assert told == (None if seconds is None else START + micros(seconds))
