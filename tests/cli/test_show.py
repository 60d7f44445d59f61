"""`relay show`: what today's file makes of an event that is kept, whether relay runs or not."""

import json
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.conftest import Done, Relay, running

SECRETS: Final = {"of the tests", "hush-token", "hush/T/B/X", "hush-key"}
HEAD: Final = """
[server]
listen = "unix:http.sock"
[admin]
listen = "127.0.0.1:0"
[store]
min_free = "0B"
[source.demo]
verify = { type = "bearer" }
secret = "of the tests"
id = "body.id"
type = "body.type"
[target.box]
url = "http://127.0.0.1:9/hooks?a=1"
auth = { type = "bearer", token = "hush-token" }
[target.hook]
url = { env = "HOOK" }
sign = { type = "hmac", header = "X-Hub", secret = { env = "HUB_KEY" } }
[target.script]
url = "exec:on-event"
args = ["a b"]
"""
SHAPED: Final = """
[route.shaped]
from = "demo"
when = 'event.type == "paid"'
to = ["box", "hook", "script"]
transform = '{"n": body.id}'
headers = { X-Order = "body.id" }
[route.other]
from = "demo"
when = 'event.type == "other"'
to = ["box"]
"""
NUMBERS: Final = count(1)
ENRICHED: Final = """
[api.shop]
url = "http://127.0.0.1:9"
[enrich.order]
api = "shop"
path = "/o"
put = "order"
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the daemon has of its environment."""
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hush/T/B/X")
    monkeypatch.setenv("HUB_KEY", "hush-key")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of a daemon that runs, for all tests of this file: nothing is delivered."""
    file = tmp_path_factory.mktemp("relay") / "relay.toml"
    file.write_text(HEAD + SHAPED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", "http://127.0.0.1:9/hush/T/B/X")
        patch.setenv("HUB_KEY", "hush-key")
        with running(file):
            yield file


@pytest.fixture
def run(relay: Relay, file: Path) -> Relay:
    """A command on that file, as it was at first. No secret is ever told."""
    file.write_text(HEAD + SHAPED)

    def run(*words: str | Path) -> Done:
        done = relay(*words, "-c", file)
        assert [secret for secret in SECRETS if secret in done.out + done.err] == []
        return done

    for target in ("box", "hook", "script"):
        assert run("pause", target).code == 0
    return run


def sent(run: Relay, file: Path, **event: Any) -> str:
    """The id of a new event."""
    body = file.with_name("body.json")
    body.write_text(json.dumps({"id": f"event-{next(NUMBERS)}", **event}))
    done = run("send", "demo", "--body", body)
    assert done.code == 0, done.err
    return done.out.split()[2]


def section(done: Done) -> list[str]:
    """What is told of today's routes."""
    assert done.code == 0, done.err
    _, found, tail = done.out.partition("\nby today's ")
    assert found
    return tail.splitlines()


# today's routes


def test_each_route_and_the_next_request(run: Relay, file: Path) -> None:
    """Behind all that there was: taken or not and why, and what each target would get."""
    id = sent(run, file, type="paid", n=1)
    body = file.with_name("body.json").read_text()
    key = json.loads(body)["id"]
    done = run("show", id)
    assert f"{id}-1  shaped → box  pending" in done.out
    assert "\nAuthorization: ***\n" in done.out
    lines = section(done)
    assert lines[0] == f"{file}, at the next attempt or a replay:"
    assert [line for line in lines if line.startswith("route ")] == [
        "route shaped: taken",
        "route other: not taken: when is false",
    ]
    begin = lines.index("  → box")
    trace = next(line for line in lines if line.startswith("    traceparent: 00-"))
    assert lines[begin + 1 : begin + 13] == [
        "    POST http://127.0.0.1:9/hooks?a=1",
        "    Content-Type: application/json",
        f"    Relay-Event-Id: {id}",
        "    Relay-Source: demo",
        "    Relay-Type: paid",
        "    Relay-Attempt: 1",
        f"    Idempotency-Key: {id}-1",
        trace,
        f"    X-Order: {key}",
        "    Authorization: Bearer ***",
        "",
        f'    {{"n":"{key}"}}',
    ]
    hook = lines[lines.index("  → hook") + 1 :]
    assert hook[0] == "    POST ***"
    assert next(line for line in hook if "X-Hub" in line) != "    X-Hub: ***"


def test_the_file_has_changed(run: Relay, file: Path) -> None:
    """Routes are today's, whatever the daemon has read: new ones, others, gone ones."""
    id = sent(run, file, type="paid")
    file.write_text(
        HEAD
        + '[route.new]\nfrom = "demo"\nto = "box"\n'
        + '[route.shaped]\nfrom = "demo"\nwhen = "false"\nto = "box"\ntransform = \'"other"\'\n'
    )
    lines = section(run("show", id))
    assert [line for line in lines if line.startswith("route ")] == [
        "route new: not taken: today it would be, when it came it was not",
        "route shaped: taken when it came; today it would not be: when is false",
    ]
    assert '    "other"' in lines[lines.index("  → box") :]
    file.write_text(HEAD + '[route.new]\nfrom = "demo"\nto = "box"\n')
    assert section(run("show", id))[-1] == (
        "route shaped: taken when it came; it is not in the file any more"
    )
    file.write_text((HEAD + SHAPED).replace('to = ["box", "hook", "script"]', 'to = ["box"]'))
    without_script = file.read_text().replace("[target.script]", "[target.other]")
    file.write_text(without_script)
    assert '    the file has no target "script"' in section(run("show", id))


def test_an_unrouted_event_is_planned_anew(run: Relay, file: Path) -> None:
    """As a replay would do it."""
    id = sent(run, file, type="nobody")
    assert section(run("show", id))[-1] == "no route takes it: it would be kept, unrouted"
    file.write_text(HEAD + '[route.new]\nfrom = "demo"\nto = "box"\n')
    lines = section(run("show", id))
    assert lines[:4] == [
        f"{file}, as a replay would plan it:",
        "route new: taken",
        "  → box",
        "    POST http://127.0.0.1:9/hooks?a=1",
    ]
    assert f"    Idempotency-Key: {id}-1" in lines


def test_a_file_that_cannot_be_used(run: Relay, file: Path) -> None:
    """It is said in one line, the rest is shown."""
    id = sent(run, file, type="paid")
    whole, curl = run("show", id), run("show", id, "--curl")
    for text in ('[target.box]\nurl = "nowhere"\nnope = 1\n', 'x = "'):
        file.write_text(text)
        done = run("show", id)
        assert (done.code, done.out) == (0, whole.out.partition("\nby today's ")[0])
        (line,) = done.err.splitlines()
        assert line.startswith(f"relay: what its routes are today cannot be told: {file}:")
        assert run("show", id, "--routes").code == 2
        repeated = run("show", id, "--curl")
        assert (repeated.code, repeated.err) == (0, done.err)
        assert repeated.out.count('curl -i -X POST "$URL"') == 3
        assert "Authorization" not in repeated.out
        assert curl.out.splitlines()[0] == repeated.out.splitlines()[0]


def test_as_a_document(run: Relay, file: Path) -> None:
    """`--routes` gives the routes alone, `--json` with it the API's event and them."""
    id = sent(run, file, type="paid")
    done = run("show", id, "--routes")
    assert done.out.splitlines()[0] == "route shaped: taken"
    found = json.loads(run("show", id, "--routes", "--json").out)
    assert found["event"] == json.loads(run("show", id, "--json").out)
    shaped, other = found["routes"]
    assert (shaped["taken"], shaped["why"]) == (True, "taken")
    assert (other["taken"], other["why"]) == (False, "when is false")
    owed = [(each["id"], each["target"]) for each in shaped["deliveries"]]
    assert owed == [(f"{id}-1", "box"), (f"{id}-2", "hook"), (f"{id}-3", "script")]
    assert shaped["deliveries"][2]["request"]["command"] == [str(file.with_name("on-event")), "a b"]


def test_no_secret_has_to_be_at_hand(run: Relay, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be signed with one that is not there is masked."""
    id = sent(run, file, type="paid")
    monkeypatch.delenv("HUB_KEY")
    lines = section(run("show", id))
    assert "    X-Hub: ***" in lines[lines.index("  → hook") :]


def test_a_url_that_is_not_at_hand(run: Relay, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing can be told of today's routes; it is said what is missing."""
    id = sent(run, file, type="paid")
    monkeypatch.delenv("HOOK")
    done = run("show", id)
    assert (done.code, "by today's" in done.out) == (0, False)
    assert 'target.hook.url: the environment variable "HOOK" is not set' in done.err


def test_an_answer_that_was_saved(run: Relay, file: Path) -> None:
    """As in a dry run; nobody is asked."""
    id = sent(run, file, type="paid")
    file.write_text((HEAD + SHAPED).replace('{"n": body.id}', "order") + ENRICHED)
    answer = file.with_name("answer.json")
    answer.write_text('{"total": 1}')
    assert "    first asks GET http://127.0.0.1:9/o (enrich order)" in section(run("show", id))
    assert '    {"total":1}' in section(run("show", id, "--answer", f"order={answer}"))
    assert '{"total":1}' in run("show", id, "--curl", "--answer", f"order={answer}").out
    assert "# first asks GET http://127.0.0.1:9/o (enrich order)" in run("show", id, "--curl").out


# commands


def test_an_attempt_in_todays_shape(run: Relay, file: Path) -> None:
    """The route's body and headers, to the target's url; what proves relay is to be filled in."""
    id = sent(run, file, type="paid")
    first, second, _ = run("show", id, "--curl").out.split("# shaped → ")[1:]
    script = first.partition("\n")[2].replace("curl ", 'printf "%s\\n" ', 1)
    words = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert words.splitlines()[:4] == ["-i", "-X", "POST", "http://127.0.0.1:9/hooks?a=1"]
    assert {"Authorization: Bearer ***", "Relay-Attempt: 1", f"Idempotency-Key: {id}-1"} <= set(
        words.splitlines()
    )
    assert list(json.loads(words.splitlines()[-1])) == ["n"]
    assert 'curl -i -X POST "$URL"' in second


def test_a_program_is_run(run: Relay, file: Path) -> None:
    """With its variables, its arguments, and the body on stdin."""
    id = sent(run, file, type="paid")
    out, program = file.with_name("out"), file.with_name("on-event")
    program.write_text(f'#!/bin/sh\n(echo "$1"; echo "$RELAY_EVENT_ID"; cat) > {out}\n')
    program.chmod(0o755)
    command = run("show", id, "--curl").out.partition("# shaped → script\n")[2]
    subprocess.run(["sh", "-c", command], check=True)
    arguments, event, body = out.read_text().splitlines()
    assert (arguments, event, list(json.loads(body))) == ("a b", id, ["n"])


# without a daemon


def test_stopped(relay: Relay, tmp_path: Path) -> None:
    """The store tells what the daemon would."""
    file = tmp_path / "relay.toml"
    file.write_text(HEAD + SHAPED)
    with running(file):
        for target in ("box", "hook", "script"):
            assert relay("pause", target, "-c", file).code == 0
        id = sent(lambda *words: relay(*words, "-c", file), file, type="paid")
        before = section(relay("show", id, "-c", file))
    done = relay("show", id, "-c", file)
    assert "relay is not running" in done.err

    def lasting(lines: list[str]) -> list[str]:
        return [line for line in lines if "traceparent" not in line and "TRACEPARENT" not in line]

    assert lasting(section(done)) == lasting(before)
