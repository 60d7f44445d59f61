"""Fifty targets, one of them bad: what the benchmark says of it is what happened."""

from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from bench.child import Child
from bench.daemon import SOURCE, config
from bench.message import ID_HEADER
from bench.targets import BAD, TARGETS, at_once, tables
from relay.event import Event
from relay.parts import load_parts
from relay.plan import plan_quickly
from relay.seen import Seen


def test_each_event_is_one_targets(tmp_path: Path) -> None:
    """By the end of its id, in turn: the bad one gets as many as any other."""
    file = tmp_path / "relay.toml"
    file.write_text(config(1, 2, tables(3, 4, 'rate = "1/s"\n')), "utf-8")
    _, parts = load_parts(file)
    got = []
    for number in range(2 * TARGETS):
        header = (ID_HEADER.encode(), f"r0001-{number:08d}".encode())
        planned = plan_quickly(Seen(event(header)), parts.routes)
        assert planned is not None
        got += [owed.target for owed in planned]
    assert got == [f"t{number:02d}" for number in range(TARGETS)] * 2
    assert got[0] == BAD


def event(*headers: tuple[bytes, bytes]) -> Event:
    return Event("0" * 20, SOURCE, None, "", "webhook", 0, b"{}", headers)


@pytest.mark.parametrize(
    ("attempts", "most"),
    [
        ([], 0),
        ([("00", 1.0), ("01", 1.0)], 1),
        ([("00", 1.5), ("01", 1.0), ("01", 0.2)], 3),
        ([("05", 1.0), ("00", 9.0)], 2),
    ],
)
def test_attempts_at_once(attempts: list[tuple[str, float]], most: int) -> None:
    """Those under way at the same moment; one that begins as another ends is not."""
    listed: list[dict[str, Any]] = [
        {"at": f"2026-01-01T00:00:{second}Z", "seconds": seconds} for second, seconds in attempts
    ]
    assert at_once(listed) == most


def test_sink_says_what_it_is_told(tmp_path: Path) -> None:
    """A status instead of 200, until it forgets."""
    with Child(("-m", "bench.sink"), tmp_path / "err") as sink:
        port = sink.said()["port"]
        for order, status in (({"do": "say", "status": 500}, 500), ({"do": "reset"}, 200)):
            sink.tell(order)
            sink.said()
            assert posted(port) == status


def posted(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/", b"{}")
        return connection.getresponse().status
    finally:
        connection.close()
