"""A CloudEvent's attribute as a header's value (HTTP protocol binding 1.0, section 3.1.3.2)."""

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_QUOTED_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")


def encoded(text: str) -> str:
    """Percent-encoded where it is not printable ASCII, and a space, `"` and `%`, too."""
    return quote(text, safe=_PRINTABLE)


def decoded(value: bytes) -> str:
    """Unquoted, then percent-decoded once. UnicodeDecodeError where that is no UTF-8."""
    if len(value) > 1 and value.startswith(b'"') and value.endswith(b'"'):
        value = _QUOTED_PAIR.sub(rb"\1", value[1:-1])
    return unquote_to_bytes(value).decode()
