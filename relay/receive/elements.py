"""The elements of a JSON array as they were written: numbers, spelling and order stay the sender's."""

import json
import re
from typing import Final

# numbers are only passed over: a long one must not be made
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len)
_BETWEEN: Final = re.compile(r"[ \t\n\r]*")


def elements(body: bytes) -> list[bytes] | None:
    """The bytes of each element of `body`, which is known to be an array; None if it is nested too deeply."""
    try:
        return [element.encode() for element in _elements(body.decode())]
    except RecursionError:
        return None


def _elements(text: str) -> list[str]:
    found: list[str] = []
    at = _past_white(text, text.index("[") + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end])
        at = _past_white(text, end)
        if text[at] == ",":
            at = _past_white(text, at + 1)
    return found


def _past_white(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return at if match is None else match.end()
