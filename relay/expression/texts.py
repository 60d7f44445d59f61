"""Functions of strings, lists of strings and bytes. Places count characters, from 0."""

from typing import Any, Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.values import no_overload

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space; Python's own `strip` takes four control characters more."""
_ESCAPES: Final = {
    ord(char): f"\\{letter}" for char, letter in zip('\a\b\f\n\r\t\v\\"', 'abfnrtv\\"', strict=True)
}
_SIZED: Final = frozenset({str, bytes, list, dict})
_SHORT_TEXT: Final = 2_500
_SHORT_PART: Final = 100
_HARD: Final = 12
"""A search costs 1 more for 2 to the power of this many comparisons that it may come to."""


def size(_frame: Frame, value: Any) -> int:
    """Characters, bytes, elements or entries."""
    if type(value) in _SIZED:
        return len(value)
    raise no_overload("size", value)


def typed(name: str, *kinds: type) -> Function:
    """What makes a function refuse arguments of other types; missing ones at the end are its own business."""

    def wrap(function: Function) -> Function:
        def run(frame: Frame, *arguments: Any) -> Any:
            for value, kind in zip(arguments, kinds, strict=False):
                if type(value) is not kind:
                    raise no_overload(name, *arguments)
            return function(frame, *arguments)

        return run

    return wrap


def seek(frame: Frame, text: str, part: str) -> None:
    """Charge for looking for `part`.

    Python looks for long parts in time that grows with the text alone; for short ones, and in short texts,
    it may come to compare the part at every place.
    """
    frame.search(len(text))
    compared = len(part) if len(text) < _SHORT_TEXT else min(len(part), _SHORT_PART)
    frame.charge(len(text) * compared >> _HARD)


@typed("contains", str, str)
def contains(frame: Frame, text: str, part: str) -> bool:
    seek(frame, text, part)
    return part in text


@typed("startsWith", str, str)
def starts_with(frame: Frame, text: str, part: str) -> bool:
    frame.search(len(part))
    return text.startswith(part)


@typed("endsWith", str, str)
def ends_with(frame: Frame, text: str, part: str) -> bool:
    frame.search(len(part))
    return text.endswith(part)


@typed("charAt", str, int)
def char_at(_frame: Frame, text: str, place: int) -> str:
    return text[within(text, place) : place + 1]


@typed("indexOf", str, str, int)
def index_of(frame: Frame, text: str, part: str, start: int = 0) -> int:
    seek(frame, text, part)
    return text.find(part, within(text, start))


@typed("lastIndexOf", str, str, int)
def last_index_of(frame: Frame, text: str, part: str, start: int | None = None) -> int:
    """Where `part` begins last, at `start` or before it."""
    end = len(text) if start is None else within(text, start)
    seek(frame, text, part)
    frame.make(2 * len(text))
    # backwards: Python's rfind can take the square of the length, its find cannot
    found = text[: end + len(part)][::-1].find(part[::-1])
    return found if found < 0 else min(len(text), end + len(part)) - len(part) - found


@typed("substring", str, int, int)
def substring(frame: Frame, text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else within(text, end)
    if within(text, start) > last:
        raise ErrorValue("index out of range")
    frame.make(last - start)
    return text[start:last]


def within(text: str, place: int) -> int:
    """A place in a text, its end included."""
    if 0 <= place <= len(text):
        return place
    raise ErrorValue("index out of range")


@typed("replace", str, str, str, int)
def replace(frame: Frame, text: str, old: str, new: str, limit: int = -1) -> str:
    """The first `limit` places; all of them where it is below 0."""
    seek(frame, text, old)
    count = text.count(old)
    count = count if limit < 0 else min(count, limit)
    frame.make(len(text) + count * (len(new) - len(old)) if count else 0)
    frame.search(count * 16)
    return text.replace(old, new, count)


@typed("split", str, str, int)
def split(frame: Frame, text: str, separator: str, limit: int = -1) -> list[str]:
    """At most `limit` pieces; all of them where it is below 0."""
    if limit == 0:
        return []
    frame.make(len(text))
    if not separator:
        return _characters(frame, text, limit)
    seek(frame, text, separator)
    count = text.count(separator) + 1
    frame.charge(count if limit < 0 else min(count, limit))
    return text.split(separator, count if limit < 0 else min(limit, count) - 1)


def _characters(frame: Frame, text: str, limit: int) -> list[str]:
    count = len(text) if limit < 0 else min(len(text), limit)
    frame.charge(count)
    if count == len(text):
        return list(text) or [""]
    return [*text[: count - 1], text[count - 1 :]]


@typed("join", list, str)
def join(frame: Frame, parts: list[Any], separator: str = "") -> str:
    frame.charge(len(parts))
    if any(type(part) is not str for part in parts):
        raise no_overload("join", parts)
    frame.make(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


@typed("lowerAscii", str)
def lower_ascii(frame: Frame, text: str) -> str:
    frame.make(2 * len(text))
    return text.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


@typed("upperAscii", str)
def upper_ascii(frame: Frame, text: str) -> str:
    frame.make(2 * len(text))
    return text.encode(errors="surrogatepass").upper().decode(errors="surrogatepass")


@typed("trim", str)
def trim(frame: Frame, text: str) -> str:
    frame.make(len(text))
    return text.strip(SPACES)


@typed("reverse", str)
def reverse(frame: Frame, text: str) -> str:
    frame.make(len(text))
    return text[::-1]


@typed("strings.quote", str)
def quote(frame: Frame, text: str) -> str:
    """The text between quotes, with escapes for what cannot stand there."""
    frame.make(4 * len(text))
    return f'"{text.translate(_ESCAPES)}"'


TEXTS: Final[dict[str, Function]] = {
    "size": size,
    "contains": contains,
    "startsWith": starts_with,
    "endsWith": ends_with,
    "charAt": char_at,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "substring": substring,
    "replace": replace,
    "split": split,
    "join": join,
    "lowerAscii": lower_ascii,
    "upperAscii": upper_ascii,
    "trim": trim,
    "reverse": reverse,
    "strings.quote": quote,
}
