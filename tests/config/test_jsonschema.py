"""The schema that editors complete and check the file by."""

import json
import re
from collections.abc import Iterator
from typing import Any

from relay.config.jsonschema import json_schema


def properties() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for table, definition in json_schema()["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            yield table, key, value


def test_it_is_json() -> None:
    """It can be printed, and refuses keys that relay refuses."""
    document = json.loads(json.dumps(json_schema()))
    assert document["additionalProperties"] is False
    assert all(table["additionalProperties"] is False for table in document["$defs"].values())


def test_defaults_are_as_the_file_writes_them() -> None:
    """A default of text with a pattern fits its own pattern: editors insert it."""
    checked = 0
    for table, key, value in properties():
        if "pattern" in value and value.get("default"):
            assert re.search(value["pattern"], value["default"]), (table, key)
            checked += 1
    assert checked >= 10


def test_keys_are_described_and_called_as_in_the_file() -> None:
    """What stands beside a key in the schema's source is what editors show."""
    described = {(table, key): value.get("description") for table, key, value in properties()}
    assert described["ServerConfig", "drain"] == (
        "How long a stop waits for running attempts; what is not done stays pending."
    )
    assert described["RouteConfig", "from"] == "Names and globs."
    assert ("HmacVerify", "json") in described
    assert ("HmacVerify", "json_path") not in described
