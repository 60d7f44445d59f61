"""The table of a watch, compiled: what loads, and what is told of what does not."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from relay.config.poll import WatchConfig
from relay.errors import Problem
from relay.poll.watch import WatchDefinition, compile_watch
from tests.poll.watching import FEDEX, LIST, PACKAGE, defined

SHEET = Path(__file__).parents[3] / "shared" / "providers-polling.md"


def problems(toml: str) -> list[Problem]:
    made = compile_watch(
        "parcel", WatchConfig.model_validate(tomllib.loads(toml), by_alias=True, by_name=False)
    )
    assert isinstance(made, list)
    return made


@pytest.mark.parametrize(("name", "toml"), [("fedex", FEDEX), ("package", PACKAGE)])
def test_the_tables_are_those_of_the_sheet(name: str, toml: str) -> None:
    """Word for word, where it is at hand."""
    if not SHEET.exists():
        pytest.skip("the sheet is not here")
    blocks = [part.partition("```")[0] for part in SHEET.read_text().split("```toml\n")[1:]]
    tables: dict[str, Any] = {}
    for block in blocks:
        tables |= tomllib.loads(block).get("watch", {})
    assert tables[name] == tomllib.loads(toml)


def test_what_a_watch_is_called() -> None:
    """Its events are its own source's, unless it names another."""
    assert defined(PACKAGE, "package").source == "package"
    assert defined(PACKAGE + 'source = "parcels"\n').source == "parcels"
    assert defined(PACKAGE, "package").list_name == "watch:package"


@pytest.mark.parametrize(
    ("toml", "asks", "reads", "recalls"),
    [
        (PACKAGE, set(), set(), False),
        (FEDEX, set(), {"started"}, False),
        (LIST + 'type = "event.type"\n', set(), {"event"}, True),
        (LIST + 'headers = { X-Of = "${event.id}" }\n', {"event"}, set(), True),
    ],
)
def test_what_of_its_event_a_watch_needs(
    toml: str, asks: set[str], reads: set[str], *, recalls: bool
) -> None:
    """Only what is named is kept, and only what differs is asked for or read by itself."""
    watch: WatchDefinition = defined(toml)
    assert (set(watch.asks_by), set(watch.reads_by), watch.recalls) == (asks, reads, recalls)


def test_every_problem_is_told_at_its_key() -> None:
    """With what may be named there: of a list there is nothing to a watch."""
    toml = PACKAGE.replace("item.status ==", "item.status =")
    toml = toml.replace("[string(event.data.id)]", "[since]").replace("keys[0]}/status", "cursor}")
    toml += 'check = "item"\n'
    found = {problem.path: problem.hint for problem in problems(toml)}
    assert found == {
        "watch.parcel.keys": "CEL over event",
        "watch.parcel.path": "CEL over event, keys, started, now",
        "watch.parcel.until": "CEL over event, keys, started, now, body, headers, status, page, items, item",
        "watch.parcel.check": "CEL over status, headers, body",
    }
