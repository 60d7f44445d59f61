"""The text that a sender signs, from a template: `v0:{ts}:{body}`."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from relay import form
from relay.config.header import HEADER_NAME
from relay.receive.faults import Faults
from relay.receive.providers.protocol import Request
from relay.receive.verify import place
from relay.text import wire

PLACEHOLDERS: Final = "{body} {ts} {method} {url} {path} {header:NAME} {json:a.b.0} {form_sorted} {secret}"
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Material:
    """What a signed text is made of."""

    request: Request
    stamp: bytes | None
    """The sender's timestamp as it wrote it."""
    key: bytes = field(repr=False)


Part = Callable[[Material], bytes | None]


@dataclass(frozen=True, slots=True)
class Signed:
    """A compiled template."""

    parts: tuple[Part, ...]
    placeholders: tuple[str, ...]
    """Without their braces, in order."""

    def text(self, material: Material) -> bytes | None:
        """What is signed; None if something that it covers is missing."""
        found: list[bytes] = []
        for part in self.parts:
            piece = part(material)
            if piece is None:
                return None
            found.append(piece)
        return b"".join(found)

    def named(self, kind: str) -> tuple[str, ...]:
        """The arguments of all placeholders of a kind: of `header`, the names of the headers."""
        start = f"{kind}:"
        return tuple(word.removeprefix(start) for word in self.placeholders if word.startswith(start))


def compile_signed(template: str, public_url: str | None, faults: Faults) -> Signed:
    """The template's parts; what is not understood is a fault at `verify.signed`."""
    parts: list[Part] = []
    pieces = _PLACEHOLDER.split(template)
    for number, piece in enumerate(pieces):
        part = _placeholder(piece, public_url, faults) if number % 2 else _literal(piece, faults)
        if part is not None:
            parts.append(part)
    return Signed(tuple(parts), tuple(pieces[1::2]))


def _literal(text: str, faults: Faults) -> Part | None:
    if "{" in text or "}" in text:
        faults.add("verify.signed", f"a brace without its other half in {text!r}", _HINT)
    raw = text.encode("utf-8", "replace")
    return (lambda _material: raw) if raw else None


def _placeholder(word: str, public_url: str | None, faults: Faults) -> Part | None:
    kind, colon, argument = word.partition(":")
    if not colon and word in _PLAIN:
        return _PLAIN[word]
    if word == "url":
        return _url(public_url, faults)
    if kind == "header" and HEADER_NAME.fullmatch(argument):
        return partial(_header, name=argument)
    if kind == "json" and (steps := place.parse(argument)) and place.EVERY not in steps:
        return partial(_json, steps=steps)
    faults.add("verify.signed", f"unknown placeholder {{{word}}}", _HINT)
    return None


_HINT: Final = f"there are {PLACEHOLDERS}"


def _url(public_url: str | None, faults: Faults) -> Part | None:
    if public_url is None:
        faults.add("verify.signed", "{url} needs the URL that senders see", "set public_url in [server]")
        return None
    base = public_url.rstrip("/").encode()
    return lambda material: base + _path(material) + _query(material.request)


def _path(material: Material) -> bytes:
    return wire(material.request.path)


def _query(request: Request) -> bytes:
    return b"?" + wire(request.query) if request.query else b""


def _header(material: Material, name: str) -> bytes | None:
    return material.request.header(name)


def _json(material: Material, steps: place.Steps) -> bytes | None:
    text = place.text_at(material.request.json, steps)
    return None if text is None else wire(text)


def _form_sorted(material: Material) -> bytes | None:
    """Each pair once, by name and then value, without anything between them; nothing where it is no form."""
    if not material.request.is_form:
        return b""
    pairs = form.fields(material.request.body)
    return None if pairs is None else b"".join(name + value for name, value in sorted(set(pairs)))


_PLAIN: Final[dict[str, Part]] = {
    "body": lambda material: material.request.body,
    "ts": lambda material: material.stamp,
    "method": lambda material: wire(material.request.method.upper()),
    "path": _path,
    "form_sorted": _form_sorted,
    "secret": lambda material: material.key,
}
