"""How often a 401 may cost a new token: one that helps is worth it, others are had ever more seldom.

A target may answer 401 for what is no token's fault: an event that this client may not bring.
"""

from typing import Final

from relay.clock import SECOND

FIRST_WAIT: Final = SECOND
LAST_WAIT: Final = 60 * SECOND


class Renewals:
    """Of one target. Moments are microseconds."""

    def __init__(self) -> None:
        self._wait = FIRST_WAIT
        self._next = 0

    def allowed(self, now: int) -> bool:
        """Whether another token may be fetched for a 401."""
        return now >= self._next

    def helped(self) -> None:
        """The request was taken with the new token."""
        self._wait, self._next = FIRST_WAIT, 0

    def useless(self, now: int) -> None:
        """The new token was refused, too: of all who learn it at the same time it is one lesson."""
        if self.allowed(now):
            self._next = now + self._wait
            self._wait = min(2 * self._wait, LAST_WAIT)
