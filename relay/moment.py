"""When something happened, by whatever a sender writes there."""

import re
from decimal import Decimal
from typing import Final

from relay.clock import MILLISECOND, SECOND, parse_rfc3339

_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.{0,40}", re.ASCII)
_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_YEAR_10000: Final = 253_402_300_800 * SECOND


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
