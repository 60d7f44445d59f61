"""A body as JSON inside something else: in a batch, in a line of a file, in a CloudEvent."""

import base64
import json
from collections.abc import Iterable
from typing import Final, NoReturn

import orjson

_BREAK: Final = b"\r\n"


def embed(body: bytes) -> bytes:
    """`body` as one line of JSON: as it was written if it is JSON, else a string: its text, or base64."""
    written = as_json(body)
    return orjson.dumps(_text(body)) if written is None else written


def batch_body(bodies: Iterable[bytes]) -> bytes:
    """A JSON array of all of them."""
    return b"[" + b",".join(map(embed, bodies)) + b"]"


def as_json(body: bytes) -> bytes | None:
    """`body` on one line, as it was written; None if it is no JSON.

    Nor is what strict readers refuse, who would refuse all that it stands among: an escaped half of a
    surrogate pair, nesting of more than 1,024. A number of whatever size is one.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        if not _has_huge_number(body):
            return None
    # line breaks stand between tokens only, and mean nothing there
    return body.translate(None, _BREAK) if b"\n" in body or b"\r" in body else body


def _has_huge_number(body: bytes) -> bool:
    """Whether it is JSON that was refused for a number alone, one too large to be a float."""
    try:
        document = json.loads(body.decode(), parse_float=len, parse_int=len, parse_constant=_refuse)
        orjson.dumps(document)  # refuses surrogates, which are no numbers
    except (ValueError, RecursionError, orjson.JSONEncodeError):
        return False
    return True


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
