"""The command line itself: what there is, `-c`, exit codes, and what is not imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from relay import __version__
from relay.cli import option, poll
from relay.cli.main import COMMANDS, group
from relay.config import load
from tests.cli.conftest import ROOT, Daemon, Relay

CONTRACT = "run check reload send events show replay discard pause resume status"
CONTRACT += " poll backfill audit providers schema"


def test_every_command_of_the_contract_is_there(relay: Relay) -> None:
    """And `--help` lists each with what it does."""
    assert list(COMMANDS) == CONTRACT.split()
    done = relay("--help")
    assert done.code == 0
    assert [
        name for name, text in COMMANDS.items() if name not in done.out or text[:20] not in done.out
    ] == []


@pytest.mark.parametrize("name", [*COMMANDS, *(f"poll {name}" for name in poll.COMMANDS)])
def test_every_command_takes_the_file_and_says_what_it_does(name: str) -> None:
    """`-c`, on nested ones too."""
    done = CliRunner().invoke(group, [*name.split(), "--help"])
    assert (done.exit_code, "-c, --config FILE" in done.output) == (0, True)


def test_the_version_is_told(relay: Relay) -> None:
    """On standard output."""
    assert relay("--version").out == f"relay, version {__version__}\n"


@pytest.mark.parametrize(
    "words", [("-c", "F", "status"), ("status", "-c", "F"), ("-c", "/nope", "status", "-c", "F")]
)
def test_the_file_may_stand_anywhere(daemon: Daemon, relay: Relay, words: tuple[str, ...]) -> None:
    """Before or after the other words; the last one counts."""
    done = relay(*[str(daemon.file) if word == "F" else word for word in words])
    assert (done.code, done.out.split()[:2]) == (0, ["relay", __version__])


def test_the_environment_names_the_file_too(
    daemon: Daemon, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$RELAY_CONFIG, where no `-c` is given."""
    monkeypatch.setenv("RELAY_CONFIG", str(daemon.file))
    assert relay("status").code == 0
    assert relay("status", "-c", "/nope").code == 1


def test_without_any_it_is_the_systems() -> None:
    """The same file that the daemon would take."""
    assert option.DEFAULT_FILE == load.DEFAULT_FILE


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("evnts",), "did you mean 'events'?"),
        (("events", "--stat", "x"), "--state"),
        (("replay",), "name events by ID, or by filters"),
        (("replay", "x", "--target", "y"), "name events by ID, or by filters"),
        (("replay", "x", "--limit", "1"), "--limit goes with filters"),
        (("discard", "--source", "x"), "--target NAME"),
        (("events", "--all", "--limit", "1"), "--all and --limit"),
        (("show",), "ID"),
    ],
)
def test_a_wrong_command_line_is_2(relay: Relay, words: tuple[str, ...], told: str) -> None:
    """With what was meant."""
    done = relay(*words)
    assert (done.code, told in done.err, done.out) == (2, True, "")


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_cannot_be_used_is_2(relay: Relay, tmp_path: Path, command: str) -> None:
    """With every problem in it, and no traceback."""
    file = tmp_path / "relay.toml"
    file.write_text("[server]\nlisten = 5\nport = 1\n")
    done = relay(command, "-c", file)
    assert (done.code, done.err.splitlines()[0][: len(str(file)) + 3]) == (2, f"{file}:2:")
    assert len(done.err.splitlines()) == 2


def test_a_daemon_that_cannot_start_is_1(tmp_path: Path) -> None:
    """With what to do, and no traceback. In a process of its own: a daemon takes over the log."""
    file = tmp_path / "relay.toml"
    file.write_text('[store]\nurl = "sqlite:nowhere/relay.db"\n')
    command = [sys.executable, "-m", "relay", "run", "-c", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "its folder must exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`relay schema | head -1` says nothing more."""
    command = [sys.executable, "-m", "relay", "schema"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_looking_is_light(daemon: Daemon) -> None:
    """A command that asks the daemon needs neither its libraries nor the schema's."""
    script = f"""
import sys
from relay.cli.main import main
try:
    main(["status", "--json", "-c", {str(daemon.file)!r}])
except SystemExit as ended:
    heavy = {{"aiohttp", "aiosqlite", "pydantic", "rich", "structlog", "prometheus_client", "asyncio"}}
    sys.exit(ended.code or ", ".join(heavy & set(sys.modules)) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
