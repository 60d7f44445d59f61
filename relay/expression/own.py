"""relay's functions beside CEL's. They pass null on: null in, null out."""

import re
from typing import Any, Final
from urllib.parse import quote

import orjson

from relay.expression.arithmetic import integer
from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.link import target
from relay.expression.times import MILLISECOND, SECOND, parse_timestamp, rfc3339
from relay.expression.values import Raw, Timestamp, UInt, no_overload, timestamp_of

YEAR_5000: Final = 95_617_584_000
"""Seconds since 1970: a number above this counts milliseconds."""
_NUMBER: Final = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?")
_PARSED: Final = 2
"""JSON that is read costs 1 for each 2 to the power of this many characters."""


def get(frame: Frame, value: Any, path: Any, default: Any = None) -> Any:
    """`get(x, "a.b", default)`: what is at a path of keys; the default where nothing or null is."""
    if type(path) is not str:
        raise no_overload("get", value, path)
    frame.search(len(path))
    for key in path.split("."):
        if type(value) is not dict or key not in value:
            return default
        value = value[key]
    return default if value is None else value


def link(frame: Frame, headers: Any, relation: Any) -> Any:
    """`link(headers, "next")`: the target of a relation in the `link` header; null where there is none."""
    if type(headers) is not dict or type(relation) is not str:
        raise no_overload("link", headers, relation)
    header = headers.get("link")
    if header is None:
        return None
    if type(header) is not str:
        raise no_overload("link", header, relation)
    frame.make(4 * len(header))
    return target(header, relation)


def last(_frame: Frame, value: Any) -> Any:
    """`last(list)`: its last element; null of an empty one."""
    if type(value) is not list:
        raise no_overload("last", value)
    return value[-1] if value else None


def flatten(frame: Frame, value: Any) -> Any:
    """`flatten(list)`: lists in it give way to their elements, one level deep."""
    if type(value) is not list:
        raise no_overload("flatten", value)
    frame.charge(len(value))
    made: list[Any] = []
    for item in value:
        if type(item) is list:
            frame.charge(len(item))
            made.extend(item)
        else:
            made.append(item)
    return made


def ts(frame: Frame, value: Any) -> Any:
    """`ts(any time)`: RFC 3339, or a number of seconds or milliseconds since 1970, also as text."""
    kind = type(value)
    if kind is Timestamp:
        return value
    if kind is str:
        frame.search(len(value))
        return numbered(value) if _NUMBER.fullmatch(value) else parse_timestamp(value)
    if kind is int or kind is UInt:
        return numbered(str(integer(value)))
    if kind is float:
        return numbered(f"{value:.9f}" if "e" in repr(value) else repr(value))
    raise no_overload("ts", value)


def numbered(text: str) -> Timestamp:
    """The moment that a decimal number means."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ErrorValue(f"no time: {text}")
    sign, whole, fraction = found.groups("")
    places = 6 if not sign and int(whole) >= YEAR_5000 else 9
    nanos = int(whole + fraction.ljust(places, "0")[:places])
    return timestamp_of(-nanos if sign else nanos)


def unix(_frame: Frame, value: Any) -> Any:
    """`unix(t)`: whole seconds since 1970."""
    return nanos("unix", value) // SECOND


def unix_ms(_frame: Frame, value: Any) -> Any:
    """`unix_ms(t)`: whole milliseconds since 1970."""
    return nanos("unix_ms", value) // MILLISECOND


def rfc3339_text(_frame: Frame, value: Any) -> Any:
    """`rfc3339(t)`: in UTC."""
    return rfc3339(Timestamp(nanos("rfc3339", value)))


def date(_frame: Frame, value: Any) -> Any:
    """`date(t)`: year, month and day in UTC."""
    return rfc3339(Timestamp(nanos("date", value)))[:10]


def nanos(name: str, value: Any) -> int:
    """The nanoseconds of a timestamp."""
    if type(value) is not Timestamp:
        raise no_overload(name, value)
    return value.nanos


def json(frame: Frame, value: Any) -> Any:
    """`json(s)`: what a JSON text says."""
    if type(value) is not str and type(value) is not bytes:
        raise no_overload("json", value)
    frame.charge(len(value) >> _PARSED)
    try:
        return orjson.loads(value)
    except ValueError:
        raise ErrorValue("json() of a text that is no JSON") from None


def encode(frame: Frame, value: Any) -> Any:
    """`encode(s)`: percent-encoded, all but the unreserved characters of RFC 3986."""
    if type(value) is not str:
        raise no_overload("encode", value)
    frame.make(4 * len(value))
    return quote(value, safe="", errors="replace")


def raw(_frame: Frame, value: Any) -> Any:
    """`raw(s)`: put into a template as it is."""
    if type(value) not in {str, int, UInt, float, bool}:
        raise no_overload("raw", value)
    return Raw(value)


def _nullable(function: Function) -> Function:
    """Null of null."""

    def run(frame: Frame, value: Any, *others: Any) -> Any:
        return None if value is None else function(frame, value, *others)

    return run


OWN: Final[dict[str, Function]] = {
    "get": get,
    "link": _nullable(link),
    "last": _nullable(last),
    "flatten": _nullable(flatten),
    "ts": _nullable(ts),
    "unix": _nullable(unix),
    "unix_ms": _nullable(unix_ms),
    "rfc3339": _nullable(rfc3339_text),
    "date": _nullable(date),
    "json": _nullable(json),
    "encode": _nullable(encode),
    "raw": _nullable(raw),
}
SIGNATURES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "get": (("dyn", "string"), ("dyn", "string", "dyn")),
    "link": (("dyn", "string"),),
} | {name: (("dyn",),) for name in OWN if name not in {"get", "link"}}
"""The types of arguments, as the checker is told; results are dyn, for they may be null."""
RAW: Final = "relay.raw"
"""The type of what `raw()` gives: nothing takes it, so that its text stays what it is."""
