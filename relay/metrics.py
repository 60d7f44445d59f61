"""What Prometheus is told. Names and labels are the contract's; a child is bound once, not at each count."""

from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from relay import __version__

ACK_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DELIVERY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One daemon's counters. Gauges are set when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._received = self._counter("relay_events_received", "Requests of senders", "source", "outcome")
        self._duplicates = self._counter("relay_duplicates", "Events that were known", "source", "via")
        self._deliveries = self._counter(
            "relay_deliveries", "Attempts by how they ended", "target", "outcome"
        )
        self._ack = Histogram(
            "relay_ack_duration_seconds",
            "From the last byte of a body to its answer",
            registry=self.registry,
            buckets=ACK_BUCKETS,
        )
        self._commit = Histogram(
            "relay_commit_duration_seconds",
            "Commits of the store",
            registry=self.registry,
            buckets=ACK_BUCKETS,
        )
        self._delivery = Histogram(
            "relay_delivery_duration_seconds",
            "Attempts, from the first byte to the answer",
            ["target"],
            registry=self.registry,
            buckets=DELIVERY_BUCKETS,
        )
        self.pending = self._gauge("relay_outbox_pending", "Deliveries that wait", "target")
        self.oldest = self._gauge("relay_outbox_oldest_age_seconds", "Age of the oldest of them", "target")
        self.dead = self._gauge("relay_dead_letters", "Dead deliveries that are kept", "target")
        self.paused = self._gauge("relay_target_paused", "1 while the target is paused", "target")
        self.last_event = self._gauge(
            "relay_source_last_event_timestamp_seconds", "When the last event came", "source"
        )
        self.cursor_age = self._gauge(
            "relay_poll_cursor_age_seconds", "How far behind now a poll's cursor is", "poll"
        )
        self._recovered = self._counter("relay_gapfill_recovered", "Events that gap fills brought", "source")
        self._gauge("relay_build_info", "The version that runs", "version").labels(__version__).set(1)
        self.observe_ack = self._ack.observe
        self.observe_commit = self._commit.observe
        self.received = lru_cache(maxsize=None)(self._received.labels)
        """(source, outcome) → counter: accepted, duplicate, rejected, failed, handshake."""
        self.duplicate = lru_cache(maxsize=None)(self._duplicates.labels)
        """(source, via) → counter."""
        self.recovered = lru_cache(maxsize=None)(self._recovered.labels)
        """(source) → counter."""
        self.delivery = lru_cache(maxsize=None)(self._deliveries.labels)
        """(target, outcome) → counter: delivered, retry, dead, skipped."""
        self.delivery_seconds = lru_cache(maxsize=None)(self._delivery.labels)
        """(target) → histogram."""

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)
