"""Which events a call means: the filters of the API and of the commands, checked."""

import re
from collections.abc import Mapping
from typing import Any, Final

from relay.admin.refused import Refused
from relay.clock import micros, parse_rfc3339
from relay.config.choice import listed, meant
from relay.config.types import parse_duration
from relay.delivery import State
from relay.store.protocol import Query

FILTERS: Final = ("source", "type", "state", "target", "route", "key", "since", "until")
PAGE: Final = ("limit", "cursor")
STATES: Final = tuple(state.word for state in State)
TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
"""RFC 3339; for people the seconds, the offset (UTC then) or the whole time of day may be left out."""
TIME_HINT: Final = 'RFC 3339 such as "2026-11-21T16:30:00Z" (+ is %2B in a URL), or how long ago: "2h"'
CURSOR: Final = re.compile(r"[0-9a-f]{20}")
CURSOR_HINT: Final = 'the "next" of the page before, as it was'


def parse_query(given: Mapping[str, Any], now: int, default: int, most: int) -> Query | Refused:
    """`given` by name, as a query; `limit` is `default` where none is given, and at most `most`.

    `now`: microseconds, from which durations count back.
    """
    asked: dict[str, Any] = {}
    for name in (*FILTERS, *PAGE):
        if given.get(name) is None:
            continue
        value = _value(name, given[name], now, most)
        if isinstance(value, Refused):
            return value
        asked[name] = value
    return Query(**{"limit": default, **asked})


def _value(name: str, value: object, now: int, most: int) -> str | int | Refused:
    if name == "limit":
        return _limit(value, most)
    if not isinstance(value, str) or not value or not _is_text(value):
        return Refused(f"{name} is no text", f"leave {name} out for any")
    if name in {"since", "until"}:
        return read_moment(name, value, now)
    if name == "cursor" and not CURSOR.fullmatch(value):
        return Refused("there is no such cursor", CURSOR_HINT)
    if name == "state" and value not in STATES:
        return Refused(
            f"there is no state {listed([value])}", meant(value, STATES) or f"there are {', '.join(STATES)}"
        )
    return value


def _is_text(value: str) -> bool:
    """Whether it can be stored, and so be found: not with halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _limit(value: object, most: int) -> int | Refused:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        return Refused("limit is out of bounds", f"a whole number from 1 to {most}")
    return value


def read_moment(name: str, value: str, now: int) -> int | Refused:
    """A moment, or a duration back from `now`."""
    try:
        if TIME.fullmatch(value):
            return parse_rfc3339(value.upper())
        return now - micros(parse_duration(value))
    except (ValueError, OverflowError):
        return Refused(f"{name} {listed([value])} is no time", TIME_HINT)
