"""What Prometheus is told: the contract's names and labels."""

from prometheus_client.parser import text_string_to_metric_families

from relay import __version__
from relay.metrics import Metrics

NAMES = {
    "relay_events_received": {"source", "outcome"},
    "relay_ack_duration_seconds": set(),
    "relay_commit_duration_seconds": set(),
    "relay_outbox_pending": {"target"},
    "relay_outbox_oldest_age_seconds": {"target"},
    "relay_deliveries": {"target", "outcome"},
    "relay_delivery_duration_seconds": {"target"},
    "relay_dead_letters": {"target"},
    "relay_duplicates": {"source", "via"},
    "relay_source_last_event_timestamp_seconds": {"source"},
    "relay_target_paused": {"target"},
    "relay_build_info": {"version"},
}


def said(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Sample name → label values, sorted → value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.values()))] = sample.value
    return found


def test_names_and_labels() -> None:
    """Each of them is there under its name, and with its labels, as soon as there is something to say."""
    metrics = Metrics()
    metrics.received("s", "accepted").inc()
    metrics.duplicate("s", "webhook").inc()
    metrics.delivery("t", "retry").inc()
    metrics.delivery_seconds("t").observe(1)
    metrics.observe_ack(1)
    metrics.observe_commit(1)
    for gauge in (metrics.pending, metrics.oldest, metrics.dead, metrics.paused, metrics.last_event):
        gauge.labels("x").set(1)
    families = {each.name: each for each in text_string_to_metric_families(metrics.text().decode())}
    for name, labels in NAMES.items():
        kept = set(families[name].samples[0].labels) - {"le"}
        assert kept == labels, name


def test_counts() -> None:
    """A child is bound once and counts on."""
    metrics = Metrics()
    for _ in range(3):
        metrics.received("s", "accepted").inc()
    assert said(metrics)["relay_events_received_total"] == {("accepted", "s"): 3}


def test_daemons_count_for_themselves() -> None:
    """Two in one process do not add up."""
    one, two = Metrics(), Metrics()
    one.received("s", "accepted").inc()
    assert "relay_events_received_total" not in said(two)


def test_version() -> None:
    """Which relay it is that runs."""
    assert said(Metrics())["relay_build_info"] == {(__version__,): 1}
