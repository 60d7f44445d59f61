"""With the daemon stopped: who looks reads the store, who acts is told that there is nobody to act."""

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from relay.admin.admin_file import write_admin_file
from relay.delivery import Dead
from relay.store.open import open_store
from tests.admin.running import end
from tests.cli.conftest import CONFIG, Relay
from tests.clock import ManualClock
from tests.store.words import put


@pytest.fixture
async def ids(tmp_path: Path, clock: ManualClock) -> list[str]:
    """Two events of a daemon that ended: one dead, one pending."""
    (tmp_path / "relay.toml").write_text(CONFIG)
    store = await open_store(tmp_path / "relay.db", clock, min_free=0)
    dead = await put(store, "k1", to=("held",))
    await end(store, Dead("gone"), "held")
    pending = await put(store, "k2", to=("held",), body=b"\xff")
    await store.close()
    return [pending.id, dead.id]


@pytest.fixture
def run(relay: Relay, tmp_path: Path) -> Relay:
    return lambda *words: relay(*words, "-c", tmp_path / "relay.toml")


def test_events_are_listed(run: Relay, ids: list[str]) -> None:
    """As the API would, with every filter."""
    done = run("events", "--json")
    assert (done.code, "relay is not running" in done.err) == (0, True)
    assert [event["id"] for event in json.loads(done.out)["events"]] == ids
    assert [
        event["id"] for event in json.loads(run("events", "--state", "dead", "--json").out)["events"]
    ] == ids[1:]
    assert run("events", "--state", "ded").code == 2


def test_an_event_is_shown(run: Relay, ids: list[str]) -> None:
    """Whole; one that is not there is told."""
    assert json.loads(run("show", ids[0], "--json").out)["body_base64"] == "/w=="
    assert "source       shop\n" in run("show", ids[1]).out
    assert "base64 -d | curl" in run("show", ids[0], "--curl").out
    done = run("show", "nope")
    assert (done.code, "there is no event nope" in done.err) == (1, True)


def test_the_sums_are_counted(run: Relay, ids: list[str]) -> None:
    """Exit 0 where they match."""
    done = run("audit", "--json")
    assert (done.code, json.loads(done.out)["deliveries"]["planned"]) == (0, 2)


def test_sums_that_do_not_match_are_1(run: Relay, ids: list[str], tmp_path: Path) -> None:
    """With what is missing."""
    with closing(sqlite3.connect(tmp_path / "relay.db")) as store, store:
        store.execute("DELETE FROM delivery WHERE state = 0")
    done = run("audit")
    assert (done.code, done.out.splitlines()[-1]) == (1, "the sums do not match")
    assert f"event {ids[0]}: 1 deliveries planned, 0 there" in done.out


def test_status_fails_and_tells_what_waits(run: Relay, ids: list[str]) -> None:
    """Nobody takes events: 1."""
    done = run("status", "--json")
    document = json.loads(done.out)
    assert (done.code, document["status"]) == (1, "fail")
    (held,) = document["checks"]["target:held"]
    assert (held["pending"], held["dead"]) == (1, 1)
    assert run("status").code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "x"),
        ("replay", "--state", "dead"),
        ("discard", "--target", "held"),
        ("pause", "held"),
        ("resume", "held"),
        ("reload",),
    ],
)
def test_who_acts_is_told(run: Relay, ids: list[str], words: tuple[str, ...]) -> None:
    """Exit 1, and the store stays as it is."""
    done = run(*words)
    assert (done.code, done.err.startswith("relay: relay is not running (")) == (1, True)


def test_what_a_killed_daemon_left_is_no_daemon(run: Relay, ids: list[str], tmp_path: Path) -> None:
    """Its `admin.json` leads nowhere; the next place is asked, and in the end the store."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    write_admin_file(tmp_path, f"127.0.0.1:{port}", "t", tmp_path / "relay.db")
    assert json.loads(run("events", "--json").out)["events"][0]["id"] == ids[0]
    write_admin_file(tmp_path, f"unix:{tmp_path}/gone.sock", "t", tmp_path / "relay.db")
    assert run("pause", "held").code == 1


def test_without_a_store_it_is_told_where_it_should_be(run: Relay, tmp_path: Path) -> None:
    """And that a file can be named."""
    (tmp_path / "relay.toml").write_text(CONFIG)
    for words in (("events",), ("show", "x"), ("audit",)):
        done = run(*words)
        assert (done.code, str(tmp_path / "relay.db") in done.err) == (1, True)
    assert run("status").code == 1


def test_a_file_that_was_named_and_is_not_there_is_told(relay: Relay, tmp_path: Path) -> None:
    """Rather than that nothing runs."""
    done = relay("pause", "x", "-c", tmp_path / "none.toml")
    assert (done.code, f"there is no file {tmp_path / 'none.toml'}" in done.err) == (1, True)


def test_what_is_no_store_is_told(run: Relay, tmp_path: Path) -> None:
    """Without a traceback."""
    (tmp_path / "relay.toml").write_text(CONFIG)
    (tmp_path / "relay.db").write_text("no store at all, but long enough to be looked at" * 50)
    done = run("events")
    assert (done.code, done.out, str(tmp_path / "relay.db") in done.err) == (1, "", True)


def test_another_program_at_the_port_is_told_apart(run: Relay, ids: list[str], tmp_path: Path) -> None:
    """What it says is no relay's answer."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        write_admin_file(tmp_path, f"127.0.0.1:{server.server_port}", "t", tmp_path / "relay.db")
        done = run("status")
        server.shutdown()
        thread.join()
    assert (done.code, "is no relay" in done.err) == (1, True)


def test_a_file_that_is_not_there_proves_nothing(relay: Relay, tmp_path: Path, ids: list[str]) -> None:
    """A mistyped `-c` is told: the sums of whatever store lies beside it are not shown."""
    done = relay("audit", "-c", tmp_path / "nofile.toml")
    assert (done.code, "there is no such file" in done.err) == (2, True)
    assert "match" not in done.out
