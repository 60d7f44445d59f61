"""Any other sender, in the words of its own table."""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from typing_extensions import override

from relay import form
from relay.clock import SystemClock, rfc3339
from relay.config.schema import SourceConfig
from relay.config.verify import SignatureWords
from relay.receive.faults import Faults
from relay.receive.providers.declared import Declared
from relay.receive.providers.protocol import Sample
from relay.receive.verify import place


class Custom(Declared):
    """A source with `verify`."""

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        super().__init__(name, source, public_url, faults)
        words = source.verify
        self._signs_form = isinstance(words, SignatureWords) and "{form_sorted}" in words.signed

    @override
    def samples(self) -> Sequence[Sample]:
        """One, with a value wherever a name plainly stands (`body.a.b`, `headers.x`)."""
        kind = f"{self.name}.sample" if self.names.type else self.name
        values = list(self._values(kind))
        headers = tuple(
            (str(spot.steps[0]).encode(), value.encode()) for spot, value in values if spot.header
        )
        in_body = [(spot.steps, value) for spot, value in values if not spot.header]
        if self._signs_form:
            named = {str(steps[0]): value for steps, value in in_body}
            body = urlencode({"text": _new_text(), **named}).encode()
            return [Sample(kind, body, form.MEDIA_TYPE.decode(), headers)]
        return [Sample(kind, orjson.dumps(self._document(in_body)), headers=headers)]

    def _document(self, values: Sequence[tuple[place.Steps, str]]) -> Any:
        document: Any = None
        for steps, value in values:
            document = place.plant(document, steps, value)
        document = self.proof.fill(document, SystemClock().now())
        return document if isinstance(document, list) else {"text": _new_text(), **(document or {})}

    def _values(self, kind: str) -> Iterator[tuple["_Spot", str]]:
        """What stands where in a sample."""
        now = rfc3339(SystemClock().now())
        for programs, value in ((self.names.also, ""), (self.names.id, ""), (self.names.time, now)):
            yield from ((spot, value or secrets.token_hex(8)) for p in programs if (spot := _spot(p.text)))
        yield from ((spot, kind) for program in self.names.type if (spot := _spot(program.text)))


@dataclass(frozen=True, slots=True)
class _Spot:
    header: bool
    steps: place.Steps


_PLAIN: Final = re.compile(
    r"(body|headers)((?:\.[A-Za-z_]\w*|\[\"[^\"\\]+\"\]|\['[^'\\]+'\]|\[[0-9]{1,4}\])+)"
)
_STEP: Final = re.compile(r"\.(\w+)|\[[\"']([^\"']+)[\"']\]|\[([0-9]+)\]")


def _spot(expression: str) -> _Spot | None:
    """The place that an expression is, if it is but a place."""
    match = _PLAIN.fullmatch(expression.strip())
    if match is None:
        return None
    steps = tuple(int(index) if index else name or key for name, key, index in _STEP.findall(match[2]))
    return _Spot(match[1] == "headers", steps)


def _new_text() -> str:
    """Another one each time: no two samples are the same bytes."""
    return f"a sample, {secrets.token_hex(8)}"
