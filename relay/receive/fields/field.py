"""The part of CEL that `id`, `also`, `type` and `time` take for now: one field of the request."""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from relay.clock import MILLISECOND, SECOND, parse_rfc3339
from relay.receive.fields import form, place
from relay.receive.providers.protocol import ABSENT, Request

HINT: Final = 'for now it is one of body.a.b, body["a-b"].c, body.list[0], headers.x, headers["x-request-id"]'
DIGEST_HINT: Final = f"{HINT}, digest"

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|\[\s*(?:"(?P<double>[^"\\\r\n]*)"|'(?P<single>[^'\\\r\n]*)'|(?P<index>[0-9]{1,4}))\s*\]"""
)
_KEYWORDS: Final = frozenset({"true", "false", "null", "in"})
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.{0,40}", re.ASCII)
_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_YEAR_10000: Final = 253_402_300_800 * SECOND


class View:
    """A request as expressions see it, its body parsed at most once."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @cached_property
    def body(self) -> Any:
        """Parsed JSON if the bytes parse, a form as a map, else ABSENT."""
        document = self.request.json
        if document is ABSENT and form.is_form(self.request):
            return form.as_map(self.request.body)
        return document


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request."""

    root: str
    """`body`, `headers` or `digest`."""
    steps: place.Steps = ()

    def text(self, view: View) -> str | None:
        """The string there, a number as decimal; None if it is missing, null, empty, or something else."""
        if self.root == "digest":
            return hashlib.sha256(view.request.body).hexdigest()
        if self.root == "headers":
            return view.request.fields.get(str(self.steps[0])) or None
        text = place.text_at(view.body, self.steps)
        if text is None and isinstance(place.find(view.body, self.steps), float):
            text = place.number_at(view.request.body, self.steps)
        return text or None

    def time(self, view: View) -> int | None:
        """The moment it names, in microseconds since 1970; None if it names none."""
        if self.root == "body":
            return moment(place.find(view.body, self.steps))
        return moment(self.text(view))


def compile_field(text: str, *, digest: bool = False) -> Field | str:
    """The field that `text` names, or what is wrong with it. `digest`: whether that word is taken too."""
    text = text.strip()
    if digest and text == "digest":
        return Field("digest")
    root = next((root for root in ("body", "headers") if text.startswith((f"{root}.", f"{root}["))), None)
    if root is None:
        return "it is not available in this version"
    steps = _steps(text[len(root) :])
    if isinstance(steps, str):
        return steps
    return _header(steps) if root == "headers" else Field(root, steps)


def _steps(text: str) -> place.Steps | str:
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return "it is not available in this version"
        if match["name"] in _KEYWORDS:
            return f'a word of the language: write ["{match["name"]}"]'
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return next(word for word in match.group("name", "double", "single") if word is not None)


def _header(steps: place.Steps) -> Field | str:
    if len(steps) != 1 or not isinstance(steps[0], str) or not steps[0]:
        return "a header is one name"
    if steps[0] != steps[0].lower():
        return "names of headers are in lower case here"
    return Field("headers", steps)


def moment(value: object) -> int | None:
    """Microseconds since 1970 of an RFC 3339 string, or of Unix time as number or digits; None for all else.

    Unix time is in milliseconds where as seconds it would be past the year 5000.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _unix(value)
    if not isinstance(value, str):
        return None
    if _NUMBER.fullmatch(value):
        return _unix(Decimal(value))
    return _parsed(value) if _RFC3339.fullmatch(value) else None


def _unix(number: float | Decimal) -> int | None:
    if 0 <= number < _SECONDS_BELOW:
        return round(number * SECOND)
    if 0 <= number < _MILLISECONDS_BELOW:
        return round(number * MILLISECOND)
    return None


def _parsed(text: str) -> int | None:
    try:
        at = parse_rfc3339(text.upper())
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < _YEAR_10000 else None
