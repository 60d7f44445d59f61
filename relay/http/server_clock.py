"""The time of a server: our own clock, set right by the Date of its last answer."""

from relay.clock import Clock
from relay.http.limits import Headers, server_time


class ServerClock:
    """Microseconds since 1970."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skew = 0

    def now(self) -> int:
        return self._clock.now() + self._skew

    def hear(self, headers: Headers) -> int:
        """The server's time now that an answer's head is here."""
        now = self._clock.now()
        if "date" in headers:
            self._skew = server_time(headers, now) - now
        return now + self._skew
