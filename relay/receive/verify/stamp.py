"""How old a signed request may be."""

from dataclasses import dataclass
from typing import Final

from relay.clock import MILLISECOND, SECOND

UNITS: Final = {"s": SECOND, "ms": MILLISECOND}
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Window:
    """The ages that pass. An age equal to `tolerance` does."""

    tolerance: int
    """Microseconds."""
    unit: int
    """Microseconds in one unit of the sender's timestamp."""
    future: bool = True
    """Whether a timestamp further ahead than `tolerance` is refused too."""

    def refuses(self, stamp: bytes, now: int) -> str | None:
        """Why a request signed at `stamp` does not pass at `now`; None if it does."""
        at = moment(stamp, self.unit)
        if at is None:
            return "its timestamp is no whole number"
        if now - at > self.tolerance:
            return "its timestamp is too old"
        if self.future and at - now > self.tolerance:
            return "its timestamp is in the future"
        return None


def moment(stamp: bytes, unit: int) -> int | None:
    """Microseconds since 1970; None unless it is a short run of ASCII digits."""
    if not stamp.isdigit() or len(stamp) > _DIGITS:
        return None
    return int(stamp) * unit
