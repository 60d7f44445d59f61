"""`/health`: everything that is looked at, and whether it is well. Pure, at the moment `now`."""

from collections.abc import Iterable
from typing import Any, Final

from relay import __version__
from relay.admin.age import age
from relay.admin.poll_view import all_seen, poll_check
from relay.admin.running import Running
from relay.clock import SECOND, micros, rfc3339
from relay.config.schema import HealthConfig, SourceConfig
from relay.signs import low_disk, silence, span, too_silent
from relay.store.protocol import Stats, TargetStats
from relay.target import TargetState

A_WHILE: Final = 60 * SECOND
"""For which a target may ask for silence without a word here."""
MEDIA_TYPE: Final = "application/health+json"
Check = dict[str, Any]


def health(running: Running, stats: Stats | None, now: int, uptime: float) -> dict[str, Any]:
    """The document. `stats`: None while the store does not answer. `uptime`: seconds."""
    unready = running.unready()
    checks = {
        "store": store_check(running, stats),
        **{
            f"source:{name}": source_check(running.last_event(name), table, now, uptime)
            for name, table in running.config.source.items()
        },
        **{
            seen.check_name: poll_check(seen, stats, running.config.health) for seen in all_seen(running, now)
        },
        **{f"target:{name}": target_check(running, name, stats, now) for name in targets(running, stats)},
    }
    status = "fail" if unready is not None else _worst(checks.values())
    document = {"status": status, "version": __version__, "uptime_seconds": round(uptime, 3)}
    if unready is not None:
        document["output"] = f"no event can be taken now: {unready}"
    return document | {"checks": {name: [check] for name, check in checks.items()}}


def _worst(checks: Iterable[Check]) -> str:
    return "warn" if any(check["status"] != "pass" for check in checks) else "pass"


def targets(running: Running, stats: Stats | None) -> list[str]:
    """The names of the targets that count: of the file, then those it names no more and that still owe."""
    counted = {} if stats is None else stats.targets
    missing = {name for name, target in counted.items() if target.pending} - set(running.config.target)
    return [*running.config.target, *sorted(missing)]


def store_check(running: Running, stats: Stats | None) -> Check:
    """The store; it fails where it is what keeps events from being taken."""
    pulse = running.store.pulse()
    check: Check = {"commit_seconds": round(pulse.commit_seconds, 6), "free_bytes": None, "size_bytes": None}
    if stats is not None:
        check |= {"free_bytes": stats.free_bytes, "size_bytes": stats.size_bytes}
    if pulse.failing is not None:
        status = "fail" if running.unready() is not None else "warn"
        return _not_well(check, f"{pulse.failing}: nothing can be stored, see the log", status)
    return _with_warning(check, _store_warning(stats, running.config.health))


def _store_warning(stats: Stats | None, limits: HealthConfig) -> str | None:
    if stats is None:
        return "its counts cannot be read right now: see the log if that lasts"
    low = low_disk(stats.free_bytes, limits.free_disk)
    return None if low is None else f"{low}: free some, or lower [store] keep"


def source_check(last: int | None, table: SourceConfig, now: int, uptime: float) -> Check:
    """A source. One that never had an event is silent since the daemon's start."""
    seconds = silence(last, now - micros(uptime), now)
    check = {"last_event": None if last is None else rfc3339(last), "silence_seconds": round(seconds, 3)}
    silent = too_silent(seconds, table.expect_every)
    return _with_warning(check, None if silent is None else f"{silent}: ask its sender")


def target_check(running: Running, name: str, stats: Stats | None, now: int) -> Check:
    """A target. Its counts are null while the store does not answer."""
    state = running.store.target_state(name)
    missing = name not in running.config.target
    breaker = ("closed" if state.down_at is None else "open") if missing else running.breaker(name)
    check: Check = {"breaker": breaker, "paused": state.paused_at is not None}
    counts = TargetStats() if stats is None else stats.targets.get(name, TargetStats())
    oldest = None if counts.oldest is None else round(age(counts.oldest, now), 3)
    if stats is None:
        check |= {"pending": None, "oldest_pending_seconds": None, "dead": None}
    else:
        check |= {"pending": counts.pending, "oldest_pending_seconds": oldest, "dead": counts.dead}
    if missing:
        check["missing"] = True
    limits = running.config.health
    return _with_warning(check, _target_warning(name, state, counts, missing, oldest, limits, now))


def _target_warning(
    name: str,
    state: TargetState,
    counts: TargetStats,
    missing: bool,
    oldest: float | None,
    limits: HealthConfig,
    now: int,
) -> str | None:
    """The first thing that is not well: what it is, and what to do."""
    if missing:
        return (
            f"the file names it no more, and {counts.pending} deliveries wait for it: "
            f"name it again, or relay discard --target {name}"
        )
    if (stopped := _stopped(name, state, now)) is not None:
        return stopped
    if oldest is not None and oldest > limits.oldest_pending:
        return f"a delivery waits for {span(oldest)}: relay events --target {name} --state pending"
    if counts.dead_lately >= limits.dead:
        return f"{counts.dead_lately} given up in the last hour: relay events --target {name} --state dead"
    return None


def _stopped(name: str, state: TargetState, now: int) -> str | None:
    """Why nothing goes to it now, for longer than a moment."""
    if state.paused_at is not None:
        why = f" ({state.paused_why})" if state.paused_why else ""
        return f"paused{why}: relay resume {name}"
    if state.down_at is not None:
        why = f" ({state.down_why})" if state.down_why else ""
        return f"down{why}: its deliveries wait, and it is tried again by itself"
    if state.wait_until - now > A_WHILE:
        return f"it asked for silence until {rfc3339(state.wait_until)} (Retry-After): relay resume {name}"
    return None


def _with_warning(check: Check, warning: str | None) -> Check:
    return {"status": "pass", **check} if warning is None else _not_well(check, warning)


def _not_well(check: Check, output: str, status: str = "warn") -> Check:
    return {"status": status, **check, "output": output}
