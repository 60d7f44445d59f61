"""The log, in the form that suits who reads it."""

import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from relay.log import configure


class Stderr(io.TextIOWrapper):
    """Where it goes, and whether that is a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stderr]:
    """In place of the process's own, and all as before when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = Stderr(io.BytesIO())
    monkeypatch.setattr("relay.log.sys", SimpleNamespace(stderr=stream))
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(stderr: Stderr) -> list[str]:
    assert isinstance(stderr.buffer, io.BytesIO)
    return stderr.buffer.getvalue().decode().splitlines()


def objects(stderr: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(stderr)]


def test_json(stderr: Stderr) -> None:
    """One object a line, with level, time and fields, whatever they are."""
    configure("info", "json")
    structlog.get_logger().info("target.down", target="box", seconds=1.5, why=ValueError("x"))
    (said,) = objects(stderr)
    assert said.pop("timestamp").endswith("Z")
    assert said == {
        "event": "target.down",
        "level": "info",
        "target": "box",
        "seconds": 1.5,
        "why": "ValueError('x')",
    }


def test_level(stderr: Stderr) -> None:
    """What is below it is not said."""
    configure("warning", "json")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [said["event"] for said in objects(stderr)] == ["loud"]


def test_journal(stderr: Stderr) -> None:
    """Each line with the priority that journald reads, an exception's too, and nothing can forge one."""
    configure("debug", "journal")
    log = structlog.get_logger()
    log.error("store.failing", error="disk full\n<0>forged", seconds=2)
    log.critical("relay.failed", exc_info=RuntimeError("no such luck"))
    first, *trace = lines(stderr)
    assert first == '<3>store.failing error="disk full\\n<0>forged" seconds=2'
    assert trace == ["<2>relay.failed", "<2>RuntimeError: no such luck"]


@pytest.mark.parametrize("form", ["json", "journal", "console"])
def test_what_is_no_text(stderr: Stderr, form: str) -> None:
    """A stranger's bytes that are no text are logged somehow, and never break who logs them."""
    configure("info", form)
    structlog.get_logger().info("receive.refused", sender="\udcff", error="a \ud800", more=["\udcff"])
    (line,) = lines(stderr)
    assert "receive.refused" in line


@pytest.mark.parametrize("form", ["json", "journal", "console"])
def test_a_traceback_shows_no_variables(stderr: Stderr, form: str) -> None:
    """It says where, not with what: among the variables are headers and secrets."""

    def deliver(header: str) -> None:
        raise ValueError(len(header))

    configure("info", form)
    said = "hush" * 2  # as no line of this file has it: a traceback quotes lines
    try:
        deliver(said)
    except ValueError as error:
        structlog.get_logger().error("relay.failed", exc_info=error)
    text = "\n".join(lines(stderr))
    assert "in deliver" in text
    assert "ValueError: 8" in text
    assert said not in text


@pytest.mark.parametrize(
    ("terminal", "environ", "start"),
    [(False, {}, "{"), (False, {"JOURNAL_STREAM": "8:1"}, "<6>"), (True, {"JOURNAL_STREAM": "8:1"}, "\x1b")],
)
def test_auto(stderr: Stderr, terminal: bool, environ: dict[str, str], start: str) -> None:
    """Console on a terminal, the journal's form under systemd, JSON otherwise."""
    stderr.terminal = terminal
    configure("info", "auto", environ)
    structlog.get_logger().info("said")
    assert lines(stderr)[0].startswith(start)


def test_libraries(stderr: Stderr) -> None:
    """What libraries say goes the same way, from warning on, with its logger's name."""
    configure("info", "json")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("it is %s", "late")
    (said,) = objects(stderr)
    assert (said["level"], said["event"], said["text"]) == ("warning", "some.library", "it is late")
