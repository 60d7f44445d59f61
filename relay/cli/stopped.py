"""What `relay status` tells of a daemon that is not running: what its store holds."""

from typing import Any

from relay import __version__
from relay.admin.counts import LATELY
from relay.cli.offline import look
from relay.cli.option import File
from relay.cli.polls_stopped import States, stopped_checks
from relay.clock import SECOND, SystemClock
from relay.errors import RelayError
from relay.store.protocol import Archive, Stats


def stopped_health(file: File, error: RelayError) -> dict[str, Any]:
    """As `/health` would have it; it fails, for nobody takes events."""
    now = SystemClock().now()
    document: dict[str, Any] = {
        "status": "fail",
        "version": __version__,
        "uptime_seconds": 0,
        "output": str(error),
        "checks": {},
    }
    try:
        stats, states = look(file, lambda archive: _held(archive, now))
    except RelayError:
        return document
    return document | {"checks": _checks(stats, now) | _polls(file, states, stats)}


async def _held(archive: Archive, now: int) -> tuple[Stats, States]:
    return await archive.stats(now - LATELY), await archive.poll_states()


def _polls(file: File, states: States, stats: Stats) -> dict[str, Any]:
    """None where the file cannot be used: `relay check` says why."""
    try:
        return stopped_checks(file, states, stats)
    except RelayError:
        return {}


def _checks(stats: Stats, now: int) -> dict[str, Any]:
    """Of the store and of the targets that are owed; what only a daemon knows is left out."""
    store = {"status": "fail", "free_bytes": stats.free_bytes, "size_bytes": stats.size_bytes}
    checks: dict[str, Any] = {"store": [{**store, "output": "relay is not running"}]}
    for name, target in stats.targets.items():
        oldest = None if target.oldest is None else (now - target.oldest) / SECOND
        checks[f"target:{name}"] = [
            {
                "status": "warn" if target.pending else "pass",
                "pending": target.pending,
                "oldest_pending_seconds": oldest,
                "dead": target.dead,
                **({"output": "waits for relay to run"} if target.pending else {}),
            }
        ]
    return checks
