"""A command line and its end; a daemon that really runs."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from relay.cli import find
from relay.cli.main import main

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = """
[server]
listen = "unix:http.sock"
[admin]
listen = "127.0.0.1:0"
[source.demo]
verify = { type = "hmac", header = "X-Signature" }
secret = "of the tests"
id = "body.id"
type = "body.type"
[target.held]
url = "http://127.0.0.1:9/hooks"
[route.demo]
from = ["demo"]
to = ["held"]
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Relay = Callable[..., Done]


@pytest.fixture(autouse=True)
def own_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No daemon of this machine, and no variable of this shell, is taken for ours."""
    monkeypatch.setattr(find, "SYSTEM_FOLDER", tmp_path / "run")
    for name in ("RELAY_CONFIG", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def relay(capfd: pytest.CaptureFixture[str]) -> Relay:
    """Run a command line in this process."""

    def run(*words: str | Path) -> Done:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@dataclass(frozen=True, slots=True)
class Daemon:
    """A relay that runs, on this file."""

    file: Path


@contextmanager
def running(file: Path) -> Iterator[None]:
    """Meanwhile a daemon runs on this file, and it ends as it is asked to."""
    command = [sys.executable, "-m", "relay", "run", "-c", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if b"relay.ready" in line:
                break
        assert b"relay.ready" in b"".join(told[-1:]), told
        yield
        process.terminate()
        process.stderr.read()
        assert process.wait() == 0


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One for all tests: each looks at what it sent itself."""
    file = tmp_path_factory.mktemp("relay") / "relay.toml"
    file.write_text(CONFIG)
    with running(file):
        yield Daemon(file)


@pytest.fixture
def paused(daemon: Daemon, relay: Relay) -> Daemon:
    """Nothing is delivered."""
    assert relay("pause", "held", "-c", daemon.file).code == 0
    return daemon


# dry runs

SECRETS: Final = {
    "of the tests", "hush-token", "hush-password", "hush-login", "hush-value", "hush-client", "hush/T/B/X",
    "hush-api", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}  # fmt: skip
DRY_HEAD: Final = """
[source.demo]
verify = { type = "bearer" }
secret = "of the tests"
id = "body.id"
type = "body.type"
"""
DRY_BOX: Final = '[target.box]\nurl = "https://box.example/hooks?a=1"\n'
DRY_ALL: Final = '[route.all]\nfrom = "demo"\nto = ["box"]\n'
DRY_BODY: Final = '{"id": "7", "type": "order.paid", "lines": [1, 2.50]}'
DryRoutes = Callable[..., dict[str, Any]]


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """What the sender sends."""
    path = tmp_path / "body.json"
    path.write_text(DRY_BODY)
    return path


@pytest.fixture
def dry(relay: Relay, tmp_path: Path, body: Path) -> Relay:
    """A dry run of a file of these tables. No secret of it is ever told."""
    file = tmp_path / "relay.toml"

    def run(*tables: str, words: tuple[str | Path, ...] = ()) -> Done:
        file.write_text(DRY_HEAD + "\n".join(tables))
        done = relay("send", "demo", "--dry-run", "--body", body, *words, "-c", file)
        assert [secret for secret in SECRETS if secret in done.out + done.err] == []
        return done

    return run


@pytest.fixture
def dry_routes(dry: Relay) -> DryRoutes:
    """The same as a document: its routes by name."""

    def run(*tables: str, words: tuple[str | Path, ...] = ()) -> dict[str, Any]:
        done = dry(*tables, words=("--json", *words))
        assert done.code == 0, done.err
        return {route["route"]: route for route in json.loads(done.out)["routes"]}

    return run
