"""When something happened, by whatever a sender writes there."""

from typing import Any, Final

import pytest

from relay.clock import SECOND
from relay.moment import moment

NOW: Final = 1_764_000_000 * SECOND


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-11-24T16:00:00Z", NOW),
        ("2025-11-24t16:00:00z", NOW),
        ("2025-11-24 17:00:00.000001+01:00", NOW + 1),
        ("2025-11-24T16:00:00.123456789Z", NOW + 123_456),
        ("2025-11-24T16:00:00", NOW),
        (1764000000, NOW),
        (1764000000.25, NOW + SECOND // 4),
        (1764000000123, NOW + 123_000),
        ("1764000000", NOW),
        ("1764000000.000200", NOW + 200),
        ("1764000000123", NOW + 123_000),
        (0, 0),
        ("9999-12-31T23:59:59Z", 253_402_300_799 * SECOND),
        ("1969-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("2025-11-24", None),
        ("2025-W48-1", None),
        ("2025-13-24T16:00:00Z", None),
        ("2025-11-24T16:00:60Z", None),
        ("٢٠٢٥-11-24T16:00:00Z", None),
        ("١٧٦٤٠٠٠٠٠٠", None),
        ("1764000000Z", None),
        ("1" * 5_000, None),
        (" 1764000000", None),
        (-1, None),
        (10**14, None),
        (10**40, None),
        (1e300, None),
        (True, None),
        (None, None),
        ("", None),
        ([1], None),
    ],
)
def test_times(value: Any, expected: int | None) -> None:
    """RFC 3339, or Unix time in seconds or milliseconds by its size; what is no moment is none."""
    assert moment(value) == expected
