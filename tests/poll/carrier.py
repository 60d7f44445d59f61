"""A carrier that answers as FedEx Track does: many numbers, several results for one, errors in a 200.

The shape is that of `TrackingNumbersResponse` in FedEx's published Track API; all values are made up.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from relay.clock import SECOND
from tests.clock import START
from tests.poll.provider import Asked, Says

MOST: Final = 30
"""Numbers of one request."""
Scans = tuple[str, ...]


def scanned(days: float, zone: str = "-05:00") -> str:
    """When a parcel was scanned, so many days after the test's beginning, in the carrier's local time."""
    hours = int(zone[:3]) if zone else 0
    at = datetime.fromtimestamp(START / SECOND, UTC) + timedelta(days=days, hours=hours)
    return f"{at:%Y-%m-%dT%H:%M:%S}{zone}"


@dataclass(slots=True)
class Parcel:
    """One result of a number: a number is used again after a year or two."""

    code: str
    scans: Scans
    unique: str = "1"

    def result(self, number: str) -> dict[str, Any]:
        names = {"trackingNumber": number, "trackingNumberUniqueId": f"{number}~{self.unique}"}
        return {
            "trackingNumberInfo": names | {"carrierCode": "FDXE"},
            "latestStatusDetail": {"code": self.code, "derivedCode": self.code, "description": "made up"},
            "scanEvents": [{"date": date, "eventType": "XX"} for date in self.scans],
            "packageDetails": {"weightAndDimensions": {"weight": [{"value": "1.50", "unit": "KG"}]}},
        }


@dataclass(slots=True)
class Carrier:
    """What it knows, by number."""

    parcels: dict[str, list[Parcel]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    """How many numbers each request had."""

    def __call__(self, asked: Asked) -> Says:
        numbers = [one["trackingNumberInfo"]["trackingNumber"] for one in asked.json["trackingInfo"]]
        assert (asked.method, asked.path, asked.json["includeDetailedScans"]) == (
            "POST",
            "/track/v1/trackingnumbers",
            True,
        )
        self.sizes.append(len(numbers))
        if len(numbers) > MOST:
            return Says({"errors": [{"code": "TRACKING.TRACKINGNUMBER.TOOMANY"}]}, status=400)
        results = [{"trackingNumber": number, "trackResults": self._results(number)} for number in numbers]
        return Says({"transactionId": "0f-1", "output": {"completeTrackResults": results}})

    def _results(self, number: str) -> list[dict[str, Any]]:
        known = self.parcels.get(number)
        if known is None:
            error = {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND", "message": "made up"}
            return [{"trackingNumberInfo": {"trackingNumber": number}, "error": error}]
        return [parcel.result(number) for parcel in known]
