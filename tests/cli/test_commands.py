"""The commands against a daemon that runs."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from relay.admin.admin_file import read_admin_file, write_admin_file
from tests.cli.conftest import CONFIG, Daemon, Done, Relay


@pytest.fixture
def run(paused: Daemon, relay: Relay) -> Relay:
    """A command on the daemon's file, its target paused."""
    return lambda *words: relay(*words, "-c", paused.file)


def sent(run: Relay, kind: str, count: int = 1) -> list[str]:
    """Ids of new events of type `kind`."""
    done = run("send", "demo", "--type", kind, "--count", str(count))
    assert done.code == 0, done.err
    return [line.split()[2] for line in done.out.splitlines()]


def document(done: Done) -> Any:
    assert done.code == 0, done.err
    return json.loads(done.out)


def states(run: Relay, id: str) -> list[str]:
    event = document(run("show", id, "--json"))
    return [event["state"], *[delivery["state"] for delivery in event["deliveries"]]]


# send


def test_a_sample_is_signed_and_taken(run: Relay) -> None:
    """Each with an id of its own; the status and relay's id are told."""
    first, second = run("send", "demo"), run("send", "demo")
    assert (first.code, first.out.split()[:2]) == (0, ["200", "OK"])
    assert first.out != second.out


def test_a_body_of_ones_own_is_sent_as_it_is(
    run: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file or standard input; a known id is told as a duplicate."""
    body = tmp_path / "body"
    body.write_bytes(b'{"id": "own", "type": "t", "raw": "\xff"}'.replace(b"\xff", "ÿ".encode()))
    id = run("send", "demo", "--body", body).out.split()[2]
    assert document(run("show", id, "--json"))["body"] == body.read_text()
    with body.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert run("send", "demo", "--body", "-").out.split() == ["200", "OK", id, "duplicate"]


def test_a_type_is_written_into_the_sample(run: Relay) -> None:
    """So that the daemon sees it there."""
    (id,) = sent(run, "order.made")
    assert document(run("show", id, "--json"))["type"] == "order.made"


def test_a_dry_run_sends_nothing(run: Relay) -> None:
    """It only shows what each target would get."""
    done = run("send", "demo", "--type", "dry", "--dry-run")
    assert (done.code, done.out.splitlines()[2:4]) == (0, ["route demo: taken", "  → held"])
    assert "    Relay-Type: dry\n" in done.out
    assert document(run("events", "--type", "dry", "--json"))["events"] == []


def test_what_is_refused_is_told(run: Relay, paused: Daemon, tmp_path: Path, relay: Relay) -> None:
    """The daemon's status, exit 1: here the secret is another one."""
    other = paused.file.with_name("other.toml")
    other.write_text(CONFIG.replace("of the tests", "of others"))
    done = relay("send", "demo", "-c", other)
    assert (done.code, done.out.split()[0]) == (1, "401")


def test_an_unknown_source_is_2(run: Relay) -> None:
    """With the one that was meant."""
    done = run("send", "dmo")
    assert (done.code, 'did you mean "demo"?' in done.err) == (2, True)


# events, show


def test_events_are_a_table_or_what_the_api_answers(run: Relay) -> None:
    """The filters are flags of the API's names."""
    ids = sent(run, "listed", 3)
    table = run("events", "--type", "listed", "--source", "demo", "--target", "held", "--since", "1h")
    head, *rows = table.out.splitlines()
    assert head.split() == ["RECEIVED", "ID", "SOURCE", "TYPE", "STATE", "DELIVERIES", "KEY"]
    assert [row.split()[1] for row in rows] == ids[::-1]
    assert rows[0].split()[4:6] == ["pending", "held:pending"]
    page = document(run("events", "--type", "listed", "--limit", "2", "--json"))
    assert [event["id"] for event in page["events"]] == ids[:0:-1]
    assert page["next"] == ids[1]
    every = document(run("events", "--type", "listed", "--all", "--json"))
    assert ([event["id"] for event in every["events"]], every["next"]) == (ids[::-1], None)


def test_more_than_a_page_is_put_together(run: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many the API gives at once."""
    monkeypatch.setattr("relay.cli.events.PAGE", 2)
    ids = sent(run, "paged", 5)
    every = document(run("events", "--type", "paged", "--all", "--json"))
    assert [event["id"] for event in every["events"]] == ids[::-1]
    some = document(run("events", "--type", "paged", "--limit", "3", "--json"))
    assert [event["id"] for event in some["events"]] == ids[:1:-1]


@pytest.mark.parametrize("words", [("--state", "ded"), ("--since", "yesterday"), ("--limit", "0")])
def test_a_filter_that_cannot_be_meant_is_2(run: Relay, words: tuple[str, ...]) -> None:
    """As the API says it."""
    done = run("events", *words)
    assert (done.code, done.out, "Error: " in done.err) == (2, "", True)


def test_an_event_never_steers_the_terminal(run: Relay, tmp_path: Path) -> None:
    """Control characters of a sender's are shown as such."""
    body = tmp_path / "body"
    body.write_text('{"id": "\\u001b[31mred", "type": "esc\\u0007\\u001b[2J"}')
    id = run("send", "demo", "--body", body).out.split()[2]
    for done in (run("events", "--limit", "1"), run("show", id)):
        assert (done.code, "\x1b" in done.out, "\x07" in done.out) == (0, False, False)


def test_one_event_is_shown_whole(run: Relay) -> None:
    """Fields, headers, body, deliveries."""
    (id,) = sent(run, "shown")
    done = run("show", id)
    for part in (id, "X-Signature: ", '"type":"shown"', f"{id}-1  demo → held  pending"):
        assert part in done.out
    assert run("show", "nope").code == 1


def test_an_attempt_is_a_command_to_repeat(run: Relay) -> None:
    """That a shell understands: the target's url, the sender's headers and ours, the body; no secret."""
    (id,) = sent(run, "repeated")
    done = run("show", id, "--curl")
    script = done.out.replace("curl ", 'printf "%s\\n" ', 1)
    words = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words[:4] == ["-i", "-X", "POST", "http://127.0.0.1:9/hooks"]
    assert f"Idempotency-Key: {id}-1" in words
    assert "Relay-Attempt: 1" in words
    assert json.loads(words[-1])["type"] == "repeated"
    assert "of the tests" not in done.out


def test_a_terminal_gets_tables_and_a_bar(run: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is asked before anything is given up."""
    monkeypatch.setattr("relay.cli.output.is_terminal", lambda _stream: True)
    (id,) = sent(run, "seen")
    assert "─" in run("status").out
    done = run("replay", "--type", "seen")
    assert (done.out, "replay" in done.err) == ("1 deliveries of 1 events are due again\n", True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    done = run("discard", "--type", "seen", "--target", "held")
    assert (done.code, "discard 1 deliveries to held?" in done.err) == (130, True)
    assert states(run, id) == ["pending", "pending"]
    assert run("discard", "--type", "seen", "--target", "held", "--yes").code == 0
    assert states(run, id) == ["dead", "dead"]


# replay, discard, pause, resume


def test_pending_ones_are_discarded_and_replayed(run: Relay) -> None:
    """By filter; a dry run changes nothing."""
    ids = sent(run, "doomed", 3)
    filters = ("--type", "doomed", "--target", "held")
    assert run("discard", *filters, "--dry-run").out == "3 deliveries would be discarded\n"
    assert states(run, ids[0]) == ["pending", "pending"]
    assert run("discard", *filters, "--limit", "1").out == "1 deliveries were discarded\n"
    assert run("discard", *filters).out == "2 deliveries were discarded\n"
    assert states(run, ids[0]) == ["dead", "dead"]
    assert document(run("discard", *filters, "--json")) == {"deliveries": 0}
    done = run("replay", "--type", "doomed", "--state", "dead", "--dry-run")
    assert done.out == "3 deliveries of 3 events would be replayed\n"
    done = run("replay", "--type", "doomed", "--state", "dead", "--rate", "10/s", "--json")
    assert document(done) == {"events": 3, "deliveries": 3}
    assert states(run, ids[0]) == ["pending", "pending"]


def test_events_are_replayed_by_id(run: Relay) -> None:
    """Several at once; one that is not there is told."""
    ids = sent(run, "again", 2)
    assert run("replay", *ids, "--fresh").out == "2 deliveries of 2 events are due again\n"
    done = run("replay", "nope")
    assert (done.code, "there is no event nope" in done.err) == (1, True)


def test_many_are_replayed_in_pages(run: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """At one pace, up to a limit."""
    monkeypatch.setattr("relay.cli.pages.PAGE", 2)
    sent(run, "many", 5)
    assert document(run("replay", "--type", "many", "--json")) == {"events": 5, "deliveries": 5}
    assert document(run("replay", "--type", "many", "--limit", "3", "--json")) == {
        "events": 3,
        "deliveries": 3,
    }


def test_an_unknown_target_is_1(run: Relay) -> None:
    """With the one that was meant."""
    for words in (("pause", "hold"), ("resume", "hold"), ("discard", "--target", "hold")):
        done = run(*words)
        assert (done.code, 'did you mean "held"?' in done.err) == (1, True)


def test_a_target_is_paused_and_resumed(run: Relay) -> None:
    """And what it is then is told."""
    assert run("resume", "held").out.startswith("held: resumed, ")
    assert document(run("pause", "held", "--json"))["paused"] is True
    assert run("pause", "held").out.startswith("held: paused, ")


def test_a_token_that_is_not_taken_leads_to_the_next_place(
    run: Relay, relay: Relay, paused: Daemon, tmp_path: Path
) -> None:
    """An `admin.json` from before hides no daemon; only a wrong token is told as such."""
    said = read_admin_file(paused.file.parent)
    assert said is not None
    (tmp_path / "relay.toml").write_text(CONFIG)
    (tmp_path / "run").mkdir()
    write_admin_file(tmp_path, said.address, "an old one", tmp_path / "relay.db")
    done = relay("audit", "-c", tmp_path / "relay.toml")
    assert (done.code, "the token is missing or wrong" in done.err) == (1, True)
    write_admin_file(tmp_path / "run", said.address, said.token, Path(said.store))
    assert relay("audit", "-c", tmp_path / "relay.toml").code == 0


# status, audit, reload


def test_status_is_the_health_document(run: Relay) -> None:
    """As a table, or as it is; 0 for a warning."""
    done = run("status")
    assert (done.code, done.out.splitlines()[1].split()) == (
        0,
        ["CHECK", "STATUS", "DETAILS", "WHAT", "TO", "DO"],
    )
    assert "relay resume held" in done.out
    health = document(run("status", "--json"))
    assert (health["status"], list(health["checks"])) == ("warn", ["store", "source:demo", "target:held"])


def test_the_sums_match(run: Relay) -> None:
    """Exit 0, and the numbers."""
    done = run("audit")
    assert (done.code, done.out.splitlines()[-1]) == (0, "the sums match")
    assert document(run("audit", "--json"))["ok"] is True


def test_a_reload_tells_what_changed_and_what_was_refused(run: Relay, paused: Daemon) -> None:
    """Also by a file that is no TOML at all: the daemon is found, and the old one stays in force."""
    try:
        paused.file.write_text(CONFIG.replace("127.0.0.1:0", "127.0.0.1:1") + 'on_error = "skip"\nx = "')
        done = run("reload")
        assert (done.code, f"{paused.file}:" in done.err, "stays in force" in done.err) == (1, True, True)
        paused.file.write_text(CONFIG.replace("127.0.0.1:0", "127.0.0.1:1").replace("9/hooks", "9/new"))
        done = run("reload")
        assert (done.code, done.out, done.err) == (
            0,
            "changed: target.held\n",
            "needs a restart: admin.listen\n",
        )
    finally:
        paused.file.write_text(CONFIG)
        assert run("reload").code == 0
