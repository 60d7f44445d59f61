"""The schema that editors complete and check the file by."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

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


def test_what_tables_have_in_common_is_described_in_each() -> None:
    """A key that a table has from another one is described there, too; its own words go before."""
    described = {(table, key): value.get("description") for table, key, value in properties()}
    for table in ("PollConfig", "WatchConfig", "EnrichConfig"):
        assert described[table, "api"] == "Of whom it is asked: [api.NAME], with its budget and login."
    assert described["Ed25519Verify", "body_sha256_query"]


@pytest.mark.parametrize(
    "table",
    ["TargetConfig", "MtlsAuth", "StandardSign", "HmacSign", "BatchConfig", "RotateConfig", "EnrichConfig"],
)
def test_what_editors_say_of_targets(table: str) -> None:
    """Every key but the plainest is described, with no word of the source's own."""
    keys = {key: value.get("description") for name, key, value in properties() if name == table}
    plain = {"type", "connect_timeout", "method", "algorithm"}
    assert [key for key, words in keys.items() if not words and key not in plain] == []
    assert "`" not in "".join(words or "" for words in keys.values())


@pytest.mark.parametrize(
    ("table", "key", "there"),
    [
        ("EnrichConfig", "put", {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]{0,63}$"}),
        ("TargetConfig", "format", {"enum": ["raw", "cloudevents", "cloudevents-binary"]}),
        ("BatchConfig", "max", {"maximum": 200, "minimum": 1, "default": 100}),
        ("AlertsConfig", "every", {"default": "1m"}),
    ],
)
def test_what_editors_check(table: str, key: str, there: dict[str, Any]) -> None:
    """What relay refuses, an editor underlines."""
    (value,) = (value for name, each, value in properties() if (name, each) == (table, key))
    assert there.items() <= value.items()
