"""Gauges are set when they are asked for; those of targets, sources and polls that vanished go."""

from collections.abc import Iterable

from prometheus_client import Gauge

from relay.admin.age import age
from relay.admin.poll_view import all_seen
from relay.admin.running import Running
from relay.clock import SECOND
from relay.store.protocol import Stats, TargetStats

Labels = set[tuple[Gauge, str]]


class Gauges:
    """Of one daemon."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._shown: Labels = set()

    def set(self, stats: Stats | None, now: int) -> None:
        """As it is at `now`. Without `stats` the counts are left out: none is better than wrong ones."""
        shown: Labels = set()
        for gauge, name, value in (*self._sources(), *self._polls(stats, now), *self._targets(stats, now)):
            gauge.labels(name).set(value)
            shown.add((gauge, name))
        for gauge, name in self._shown - shown:
            gauge.remove(name)
        self._shown = shown

    def _sources(self) -> Iterable[tuple[Gauge, str, float]]:
        for name in self._running.config.source:
            last = self._running.last_event(name)
            if last is not None:
                yield self._running.metrics.last_event, name, last / SECOND

    def _polls(self, stats: Stats | None, now: int) -> Iterable[tuple[Gauge, str, float]]:
        """Items that could not be used are dead letters, of `poll:NAME` for want of a target."""
        metrics = self._running.metrics
        for seen in all_seen(self._running, now):
            behind = seen.cursor_age(now)
            if seen.kind == "poll" and behind is not None:
                yield metrics.cursor_age, seen.name, behind
        for route, unusable in ({} if stats is None else stats.unusable).items():
            yield metrics.dead, route, unusable.dead

    def _targets(self, stats: Stats | None, now: int) -> Iterable[tuple[Gauge, str, float]]:
        metrics, counted = self._running.metrics, {} if stats is None else stats.targets
        for name in set(self._running.config.target) | set(counted):
            state = self._running.store.target_state(name)
            yield metrics.paused, name, float(state.paused_at is not None)
            if stats is not None:
                target = counted.get(name, TargetStats())
                yield metrics.pending, name, target.pending
                yield metrics.oldest, name, age(target.oldest, now)
                yield metrics.dead, name, target.dead
