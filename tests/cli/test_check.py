"""`relay check` and `relay schema`."""

import json
import socket
from pathlib import Path

import pytest

from relay.cli.check import _connect
from relay.config.target import TargetConfig
from tests.cli.conftest import CONFIG, Relay


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(CONFIG)
    return path


def test_a_good_file_is_0_despite_warnings(relay: Relay, file: Path) -> None:
    """Warnings go to standard error, each with its line."""
    done = relay("check", "-c", file)
    assert (done.code, done.out) == (0, f"{file}: ok, 1 sources, 1 targets, 1 routes\n")
    assert f"{file}:8: warning: source.demo.secret: " in done.err


def test_what_a_provider_finds_is_told_with_its_line(relay: Relay, file: Path) -> None:
    """Beside the warnings, in the order of the file."""
    file.write_text(CONFIG.replace('"body.id"', '"boddy.id"'))
    done = relay("check", "-c", file)
    assert (done.code, done.out) == (2, "")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [f"{file}:8", f"{file}:9"]


def test_what_is_wrong_with_a_poll_is_told_with_its_line(relay: Relay, file: Path) -> None:
    """Its expressions are compiled, too; with none wrong it is counted."""
    poll = '[api.a]\nurl = "https://a.example"\n[poll.p]\napi = "a"\npath = "/"\nid = "item"\n'
    file.write_text(f'{CONFIG}\n{poll}items = "boddy"')
    done = relay("check", "-c", file)
    line = f"{CONFIG}\n{poll}".count("\n") + 1
    assert (done.code, f"{file}:{line}: poll.p.items: " in done.err) == (2, True)
    file.write_text(f'{CONFIG}\n{poll}items = "body"')
    assert relay("check", "-c", file).out.endswith("1 routes, 1 polls\n")


def test_a_missing_credential_is_only_a_warning(relay: Relay, file: Path) -> None:
    """It is systemd's, and not at hand here."""
    file.write_text(CONFIG.replace('"of the tests"', '{ credential = "demo" }'))
    done = relay("check", "-c", file)
    assert (done.code, "warning: source.demo.secret" in done.err) == (0, True)
    done = relay("send", "demo", "-c", file)
    assert (done.code, "credential" in done.err) == (1, True)


def test_connect_tries_each_target(relay: Relay, file: Path) -> None:
    """Exit 1 and its line where one cannot be connected to; nothing is sent to one that can."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        port = target.getsockname()[1]
        text = CONFIG.replace("127.0.0.1:9", f"127.0.0.1:{port}") + '[target.print]\nurl = "log:"\n'
        file.write_text(text)
        done = relay("check", "--connect", "-c", file)
        assert (done.code, done.out.splitlines()[0]) == (0, "target.held: connected")
        accepted, _ = target.accept()
        assert accepted.recv(1) == b""
        accepted.close()
    done = relay("check", "--connect", "-c", file)
    assert done.code == 1
    assert f"{file}:12: target.held.url: cannot be connected to: " in done.err


def test_connect_asks_for_what_is_elsewhere(relay: Relay, file: Path) -> None:
    """Brokers too, of Kafka's hosts any; programs, files and a url that is not at hand are passed over."""
    with socket.create_server(("127.0.0.1", 0)) as broker, socket.create_server(("127.0.0.1", 0)) as closed:
        port, nobody = broker.getsockname()[1], closed.getsockname()[1]
        closed.close()
        tables = {
            "held": f'url = "redis://me:secret@127.0.0.1:{port}/0"\nstream = "s"',
            "bus": f'url = "kafka://a,b:secret@127.0.0.1:{nobody},127.0.0.1:{port}"\ntopic = "t"',
            "jobs": f'url = "nats://127.0.0.1:{nobody}"\nsubject = "s"',
            "script": 'url = "exec:/nowhere"',
            "archive": 'url = "file:/nowhere/at/all"',
            "print": 'url = "log:"',
            "away": 'url = { credential = "away" }',
        }
        text = "\n".join(f"[target.{name}]\n{table}" for name, table in tables.items())
        target = '[target.held]\nurl = "http://127.0.0.1:9/hooks"\n'
        file.write_text(CONFIG.replace(target, f"{text}\n"))
        done = relay("check", "--connect", "-c", file)
    assert done.code == 1
    assert done.out.splitlines()[:-1] == ["target.held: connected", "target.bus: connected"]
    errors = [line for line in done.err.splitlines() if ": warning: " not in line]
    line = file.read_text().splitlines().index(f'url = "nats://127.0.0.1:{nobody}"') + 1
    assert errors == [f"{file}:{line}: target.jobs.url: cannot be connected to: Connection refused"]


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://h/x", 443),
        ("tls://h", 4222),
        ("amqps://h/v", 5671),
        ("kafka://a,b:c@h", 9092),
        ("redis://h", 6379),
    ],
)
def test_ports_that_go_without_saying(url: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of target has one."""
    asked = []

    def create_connection(there: tuple[str, int], _timeout: float) -> socket.socket:
        asked.append(there)
        return socket.socket()

    monkeypatch.setattr("socket.create_connection", create_connection)
    assert _connect(TargetConfig.model_validate({"url": url})) is None
    assert asked == [("h", port)]


def test_enrichments_are_counted(relay: Relay, file: Path) -> None:
    """As all tables are."""
    enrich = '[api.a]\nurl = "https://a.example"\n[enrich.e]\napi = "a"\npath = "/"\nput = "order"\n'
    file.write_text(f"{CONFIG}\n{enrich}")
    assert relay("check", "-c", file).out.endswith("1 routes, 1 enrichments\n")


def test_one_fault_is_told_once(relay: Relay, file: Path) -> None:
    """What an enrichment puts is known to routes, though its api is wrong: only that is told."""
    api = '[api.a]\nurl = "https://a.example/?x=1"\n'
    enrich = '[enrich.e]\napi = "a"\npath = "/"\nput = "order"\n'
    route = CONFIG.replace("[route.demo]\n", '[route.demo]\ntransform = "order.id"\n')
    assert route != CONFIG
    file.write_text(f"{route}\n{api}{enrich}")
    done = relay("check", "-c", file)
    assert (done.code, [line.split(": ")[1] for line in done.err.splitlines()]) == (2, ["api.a.url"])


def test_the_schema_is_json(relay: Relay) -> None:
    """By which editors complete the file."""
    done = relay("schema")
    assert json.loads(done.out)["properties"].keys() >= {"server", "source", "target", "route"}
