"""What is remembered of a target between attempts and over restarts: paused, missing, down, told to wait."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TargetState:
    """Times are microseconds since 1970. A default one is a target that is well."""

    paused_at: int | None = None
    paused_why: str = ""
    missing_at: int | None = None
    """Since when the file does not name it any more."""
    stopped: int = 0
    """Microseconds it was paused or missing in all, before now."""
    down_at: int | None = None
    down_why: str = ""
    probe_at: int = 0
    """While down: when the next probe may go."""
    probes: int = 0
    """While down: how many probes failed."""
    wait_until: int = 0
    """The target asked for silence until then (Retry-After)."""

    def stopped_until(self, now: int) -> int:
        """Microseconds it was paused or missing in all, by `now`."""
        if self.paused_at is None and self.missing_at is None:
            return self.stopped
        since = min(at for at in (self.paused_at, self.missing_at) if at is not None)
        return self.stopped + max(0, now - since)

    def time(self, now: int) -> int:
        """The target's own time, which stands still while it is paused or missing: ages are counted in it."""
        return now - self.stopped_until(now)

    def pause(self, now: int, why: str) -> "TargetState":
        if self.paused_at is not None:
            return self
        return replace(self, paused_at=now, paused_why=why)

    def resume(self, now: int) -> "TargetState":
        """Not paused, and given another chance at once if it was down or told us to wait."""
        started = self._start(replace(self, paused_at=None, paused_why=""), now)
        return replace(started, down_at=None, down_why="", probe_at=0, probes=0, wait_until=0)

    def missing(self, now: int) -> "TargetState":
        return self if self.missing_at is not None else replace(self, missing_at=now)

    def found(self, now: int) -> "TargetState":
        return self if self.missing_at is None else self._start(replace(self, missing_at=None), now)

    def _start(self, started: "TargetState", now: int) -> "TargetState":
        """`started`, with the time counted as stopped that it will not count itself any more."""
        over = self.stopped_until(now) - started.stopped_until(now)
        return replace(started, stopped=self.stopped + over)
