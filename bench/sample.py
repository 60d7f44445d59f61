"""Numbers about many numbers."""

from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the sorted `ordered` lies; None where there are none."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latencies(seconds: Sequence[float]) -> dict[str, float | None]:
    """Percentiles in milliseconds of durations in seconds."""
    ordered = sorted(seconds)
    points = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: _milliseconds(percentile(ordered, share)) for name, share in points.items()}


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1_000, 4)
