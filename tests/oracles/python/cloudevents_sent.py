"""CloudEvents as relay sends them, and as the SDK reads them.

Each case is an event as it came, the two requests that relay has to make of it, and what they mean. The SDK
has to read just that of both, and to write the same attributes into headers.
"""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cloudevents.core.bindings import http  # type: ignore[import-not-found]  # an environment of its own
from cloudevents.core.exceptions import (  # type: ignore[import-not-found]  # an environment of its own
    BaseCloudEventException,
)
from dateutil.parser import isoparse  # type: ignore[import-untyped]  # comes with the SDK

from tests.oracles.python.case import sdk, text_or_base64
from tests.oracles.python.cloudevents_cases import CASES, STRUCTURED, Sent

FILE: Final = Path(__file__).parents[2] / "deliver" / "vectors" / "cloudevents.json"


def main() -> None:
    written = ",\n".join(f"    {{{_lines(_judged(case))}}}" for case in CASES)
    text = f'{{\n  "oracle": {json.dumps(sdk("cloudevents"))},\n  "cases": [\n{written}\n  ]\n}}\n'
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text, encoding="utf-8")


def _lines(case: Mapping[str, Any]) -> str:
    return ",\n     ".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in case.items()
    )


# the SDK's word


def _judged(case: Sent) -> dict[str, Any]:
    """The case as it stands in the file, once the SDK has read both requests."""
    body = b"" if case.data is None else case.data
    structured = http.HTTPMessage({"Content-Type": STRUCTURED}, case.structured.encode())
    binary = http.HTTPMessage(dict(case.binary), body)
    for message in (structured, binary):
        _compare(case, http.from_http_event(message))
    again = http.to_binary_event(http.from_http_event(binary)).headers
    ours = {name.lower(): value for name, value in case.binary.items()}
    if {**again, "ce-time": ""} != {**ours, "ce-time": ""}:  # the SDK writes times in a way of its own
        sys.exit(f"{case.name}: the SDK writes {again}")
    if case.refused:
        _refuses(case)
    return {
        "case": case.name,
        "source": case.source,
        "type": case.type,
        "public_url": case.public_url,
        "headers": case.came,
        "body": text_or_base64(case.body),
        "transformed": case.transformed,
        "structured": case.structured,
        "binary": dict(case.binary),
        "data": None if case.data is None else text_or_base64(case.data),
    }


def _compare(case: Sent, event: Any) -> None:
    read = {name: _told(value) for name, value in event.get_attributes().items()}
    means = {name: _told(value) for name, value in case.means.items()}
    if read != means:
        sys.exit(f"{case.name}: the SDK reads {read}, and not {means}")
    if _content(event.get_data()) not in {_content(case.data), _content(_parsed(case.data))}:
        sys.exit(f"{case.name}: the SDK reads the data {event.get_data()!r}")


def _told(value: Any) -> str:
    """A value as text, as all are in headers; a time as a moment."""
    if isinstance(value, str) and value[:4] == "2026":
        value = isoparse(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _content(data: Any) -> str:
    """Data so that they compare, however the SDK hands them out."""
    if isinstance(data, bytes):
        return data.decode("utf-8", "backslashreplace")
    return data if isinstance(data, str) else json.dumps(data, sort_keys=True)


def _parsed(data: bytes | None) -> Any:
    try:
        return None if data is None else json.loads(data)
    except ValueError:
        return data


def _refuses(case: Sent) -> None:
    try:
        http.from_http_event(http.HTTPMessage(dict(case.came), case.body))
    except (BaseCloudEventException, ValueError):
        return
    sys.exit(f"{case.name}: the SDK takes it as it came")


if __name__ == "__main__":
    main()
