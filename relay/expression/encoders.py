"""`base64.encode` and `base64.decode`."""

import base64
import binascii
from typing import Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.texts import typed

_BLANKS: Final = str.maketrans("", "", " \t\n\r\v\f")


@typed("base64.encode", bytes)
def encode(frame: Frame, value: bytes) -> str:
    """The standard alphabet, with padding."""
    frame.make(2 * len(value))
    return base64.b64encode(value).decode()


@typed("base64.decode", str)
def decode(frame: Frame, text: str) -> bytes:
    """The standard alphabet; padding may be left out, and white space is passed over."""
    frame.make(4 * len(text))
    solid = text.translate(_BLANKS)
    if "=" not in solid:
        solid += "=" * (-len(solid) % 4)
    try:
        return base64.b64decode(solid, validate=True)
    except (binascii.Error, ValueError):
        raise ErrorValue("base64.decode() of a text that is no base64") from None


ENCODERS: Final[dict[str, Function]] = {"base64.encode": encode, "base64.decode": decode}
