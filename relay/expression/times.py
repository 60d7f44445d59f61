"""Timestamps and durations: read, written, taken apart."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.values import Duration, Timestamp, duration_of, no_overload, timestamp_of

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ZONE_COST: Final = 500
"""A time zone by name may have to be read from disk."""

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?([Zz]|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_SPAN: Final = re.compile(r"([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|ns))+)", re.ASCII)
_PIECE: Final = re.compile(r"(\d*)\.?(\d*)(h|ms|m|s|us|µs|ns)", re.ASCII)
_UNITS: Final = {
    "h": 3600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": MILLISECOND,
    "us": 1_000,
    "µs": 1_000,
    "ns": 1,
}
_OFFSET: Final = re.compile(r"([+-]?)(\d\d):(\d\d)", re.ASCII)
_LONGEST: Final = 100
"""No time and no span is written with more characters."""


def parse_timestamp(text: str) -> Timestamp:
    """The moment of an RFC 3339 text (section 5.6); nanoseconds are kept, what is finer is cut off."""
    found = _RFC3339.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ErrorValue("no RFC 3339 time")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    # a leap second is the first of the next minute
    leap = second == "60"
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), 59 if leap else int(second), tzinfo=UTC
        )
    except ValueError:
        raise ErrorValue("no RFC 3339 time") from None
    nanos = seconds_of(moment) * SECOND + int((fraction or "0").ljust(9, "0")[:9])
    shift = 0 if zone in "Zz" else offset_seconds(f"{zone[:3]}:{zone[3:].removeprefix(':') or '00'}")
    return timestamp_of(nanos + (leap - shift) * SECOND)


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return (moment - EPOCH) // timedelta(seconds=1)


def offset_seconds(text: str) -> int:
    """The seconds of `+01:30`; the sign may be left out."""
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        raise ErrorValue(f"no offset from UTC: {text}")
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds


def parse_duration(text: str) -> Duration:
    """The span of `1h30m`, `-1.5s`: any of h m s ms us ns, one after another."""
    found = _SPAN.fullmatch(text) if len(text) <= _LONGEST else None
    if text in {"0", "+0", "-0"}:
        return Duration(0)
    if found is None:
        raise ErrorValue("no duration")
    nanos = sum(_piece(*piece) for piece in _PIECE.findall(found[2]))
    return duration_of(-nanos if found[1] == "-" else nanos)


def _piece(whole: str, fraction: str, unit: str) -> int:
    return int(whole + fraction) * _UNITS[unit] // int("1".ljust(len(fraction) + 1, "0"))


def rfc3339(moment: Timestamp) -> str:
    """The moment in UTC, with as much of a fraction as it has: `2026-11-21T16:36:43.5Z`."""
    seconds, nanos = divmod(moment.nanos, SECOND)
    text = (EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")
    return f"{text}{_fraction(nanos)}Z"


def seconds_text(span: Duration) -> str:
    """The span in seconds: `90s`, `-1.5s`."""
    seconds, nanos = divmod(abs(span.nanos), SECOND)
    return f"{'-' if span.nanos < 0 else ''}{seconds}{_fraction(nanos)}s"


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def zone_of(name: str) -> tzinfo:
    """A time zone by its name, or its offset from UTC; ErrorValue where this machine knows none."""
    if name in {"", "UTC"}:
        return UTC
    if _OFFSET.fullmatch(name):
        return timezone(timedelta(seconds=offset_seconds(name)))
    try:
        return ZoneInfo(name[:_LONGEST])
    except (ValueError, OSError, KeyError):
        raise ErrorValue("no such time zone") from None


def local(moment: Timestamp, zone: tzinfo) -> datetime:
    """The wall clock of a zone at a moment, to the second."""
    try:
        return (EPOCH + timedelta(seconds=moment.nanos // SECOND)).astimezone(zone)
    except OverflowError:
        raise ErrorValue("timestamp out of range") from None


_PARTS: Final[dict[str, Callable[[datetime], int]]] = {
    "getFullYear": lambda at: at.year,
    "getMonth": lambda at: at.month - 1,
    "getDayOfYear": lambda at: at.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda at: at.day - 1,
    "getDate": lambda at: at.day,
    "getDayOfWeek": lambda at: at.isoweekday() % 7,
    "getHours": lambda at: at.hour,
    "getMinutes": lambda at: at.minute,
    "getSeconds": lambda at: at.second,
}
_SPAN_PARTS: Final = {
    "getHours": 3600 * SECOND,
    "getMinutes": 60 * SECOND,
    "getSeconds": SECOND,
    "getMilliseconds": MILLISECOND,
}


def part_of(name: str, value: Any, zone: tzinfo) -> int:
    """A part of a moment in a zone."""
    if type(value) is not Timestamp:
        raise no_overload(name, value)
    if name == "getMilliseconds":
        return value.nanos % SECOND // MILLISECOND
    return _PARTS[name](local(value, zone))


def part_of_span(name: str, span: Duration) -> int:
    """All hours, minutes or seconds of a span; of milliseconds those beyond its seconds."""
    whole = abs(span.nanos) // _SPAN_PARTS[name]
    if name == "getMilliseconds":
        whole %= 1_000
    return -whole if span.nanos < 0 else whole


def _getter(name: str) -> Function:
    """`value.getHours()` and `value.getHours(zone)`, with a zone that is not known before."""

    def run(frame: Frame, value: Any, zone: Any = None) -> int:
        if zone is None:
            spans = type(value) is Duration and name in _SPAN_PARTS
            return part_of_span(name, value) if spans else part_of(name, value, UTC)
        if type(zone) is not str:
            raise no_overload(name, value, zone)
        frame.charge(ZONE_COST)
        return part_of(name, value, zone_of(zone))

    return run


def _zoned(name: str) -> Callable[[Any], Function | None]:
    """`value.getHours("a constant zone")`, which is looked for at load."""

    def prepare(zone: Any) -> Function | None:
        if type(zone) is not str:
            return None
        known = zone_of(zone)
        return lambda _frame, value: part_of(name, value, known)

    return prepare


GETTERS: Final[dict[str, Function]] = {name: _getter(name) for name in (*_PARTS, "getMilliseconds")}
ZONED: Final[dict[str, Callable[[Any], Function | None]]] = {name: _zoned(name) for name in GETTERS}
"""The same where the zone is a constant."""
