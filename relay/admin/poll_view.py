"""Polls and watches as `/health`, the API and the commands show them: how far each came, whether it is well.

Pure, at the moment `now`. What stopped relay's store holds is shown by the same functions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from relay.admin.age import age
from relay.admin.running import Running
from relay.clock import SECOND, rfc3339
from relay.config.poll import PollConfig, WatchConfig
from relay.config.schema import HealthConfig
from relay.poll.backfill import Backfill
from relay.poll.definition import parts
from relay.poll.gap import Source, look, look_at
from relay.poll.state import PartState, load
from relay.store.progress import Json
from relay.store.protocol import Stats, TargetStats

Document = dict[str, Any]
Recall = Callable[[str, str], Json | None]
"""What is remembered of a poll's part."""


@dataclass(frozen=True, slots=True)
class PartSeen:
    """One part of a poll, at one moment."""

    name: str
    state: PartState
    next: int | None
    """When its next pass is; None: it sleeps, or nobody knows yet."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A poll or a watch, at one moment. A watch has one part."""

    name: str
    config: PollConfig | WatchConfig
    parts: tuple[PartSeen, ...]

    @property
    def kind(self) -> str:
        """`poll` or `watch`."""
        return "watch" if isinstance(self.config, WatchConfig) else "poll"

    @property
    def check_name(self) -> str:
        """In `/health`; also the route of items that could not be used, and a watch's name in the store."""
        return f"{self.kind}:{self.name}"

    @property
    def sleeps(self) -> bool:
        """Whether it asks only for what a webhook source may have missed."""
        return isinstance(self.config, PollConfig) and self.config.gap is not None

    @property
    def cursor(self) -> int | None:
        """That of the part which is the farthest behind, by its server's clock."""
        return min((part.state.cursor for part in self.parts if part.state.cursor is not None), default=None)

    def cursor_age(self, now: int) -> float | None:
        """Seconds from it to now; None where there is none."""
        ages = [
            age(part.state.cursor - part.state.skew, now)
            for part in self.parts
            if part.state.cursor is not None
        ]
        return max(ages, default=None)


def seen_poll(name: str, config: PollConfig, recall: Recall, source: Source | None, now: int) -> Seen:
    """`source`: what is known of the webhook side; None: nothing, so that nobody can say when a gap is."""
    found = []
    for part in parts(config.each):
        state = load(recall(name, part.name))
        found.append(PartSeen(part.name, state, _next_pass(config, state, source, now)))
    return Seen(name, config, tuple(found))


def _next_pass(config: PollConfig, state: PartState, source: Source | None, now: int) -> int | None:
    if config.gap is None:
        return state.due or None
    if source is None:
        return None
    looked = look(config, state, source, now)
    due = look_at(config, looked, source, now)
    return max(due, looked.due) if due is not None and looked.failing else due


def seen_watch(name: str, config: WatchConfig, recall: Recall, due: int | None) -> Seen:
    """`due`: when the next of its things is to be asked for; None: none is, or nobody knows."""
    state = load(recall(f"watch:{name}", ""))
    return Seen(name, config, (PartSeen("", state, None if due is None else max(due, state.due)),))


def all_seen(running: Running, now: int) -> Iterator[Seen]:
    """The polls of the file in force, then its watches."""
    recall, keepers = running.store.poll_state, running.poller.keepers
    for name, config in running.config.poll.items():
        kept = keepers.get(name)
        yield seen_poll(name, config, recall, kept[0].source() if kept else None, now)
    for name, watch in running.config.watch.items():
        yield seen_watch(name, watch, recall, running.store.watch_due(name))


# as documents


def poll_check(seen: Seen, stats: Stats | None, limits: HealthConfig) -> Document:
    """What `/health` has of it. Counts are null while the store does not answer."""
    failing = [part for part in seen.parts if part.state.failing]
    known = [part.next for part in seen.parts if part.next is not None]
    check: Document = {
        "status": "pass",
        "last_pass": _moment(max((part.state.passed or 0 for part in seen.parts), default=0) or None),
        "next_pass": _moment(min(known, default=None)),
    }
    if seen.kind == "poll":
        check["cursor"] = _moment(seen.cursor)
    check["last_error"] = _error(failing[0]) if failing else None
    unusable = TargetStats() if stats is None else stats.unusable.get(seen.check_name, TargetStats())
    check["dead"] = None if stats is None else unusable.dead
    if seen.kind == "watch":
        check["watching"] = None if stats is None else stats.watches.get(seen.name, 0)
    warning = _warning(seen, failing, unusable, limits)
    return check if warning is None else check | {"status": "warn", "output": warning}


def _warning(seen: Seen, failing: list[PartSeen], unusable: TargetStats, limits: HealthConfig) -> str | None:
    """The first thing that is not well: what it is, and what to do."""
    if failing:
        part = max(failing, key=lambda part: part.state.failures)
        again = "" if part.next is None else f"; tried again at {_second(part.next)}"
        now = "" if seen.kind == "watch" else f", now by relay poll run {seen.name}"
        return f"failed {_times(part.state.failures)}: {_error(part)}{again}{now}"
    if unusable.dead_lately >= limits.dead:
        return (
            f"{unusable.dead_lately} items of the last hour cannot be used: "
            f"relay events --route {seen.check_name} --state dead"
        )
    return None


def _times(failures: int) -> str:
    return f"{failures} times in a row" if failures > 1 else "once"


def _error(part: PartSeen) -> str:
    return f"{part.name}: {part.state.error}" if part.name else part.state.error


def poll_document(
    seen: Seen, stats: Stats | None, limits: HealthConfig, backfill: Backfill | None = None
) -> Document:
    """What `GET polls` has of it."""
    document: Document = {
        "name": seen.name,
        "kind": seen.kind,
        "source": seen.config.source or seen.name,
        "api": seen.config.api,
        "every_seconds": seen.config.every,
        "idle_seconds": seen.config.idle,
        "sleeps": seen.sleeps,
        **poll_check(seen, stats, limits),
    }
    if seen.parts and seen.parts[0].name:
        document["parts"] = [_part(part) for part in seen.parts]
    if backfill is not None:
        document["backfill"] = backfill_document(backfill)
    return document


def _part(part: PartSeen) -> Document:
    state = part.state
    return {
        "part": part.name,
        "last_pass": _moment(state.passed),
        "next_pass": _moment(part.next),
        "cursor": _moment(state.cursor),
        "last_error": state.error or None,
        "failures": state.failures,
    }


def backfill_document(backfill: Backfill) -> Document:
    """How far it is; `share` is between 0 and 1."""
    cut_off = backfill.done and not backfill.error and backfill.share < 1
    return {
        "from": rfc3339(backfill.since),
        "to": rfc3339(backfill.until),
        "share": round(backfill.share, 4),
        "new": backfill.new,
        "known": backfill.known,
        "error": "cut off by a stop: begin it again" if cut_off else backfill.error or None,
        "done": backfill.done,
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _second(at: int) -> str:
    """For people."""
    return rfc3339(at // SECOND * SECOND).replace(".000000", "")
