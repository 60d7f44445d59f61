"""Commands that repeat an attempt: a shell takes them as they are meant, whatever a sender has sent."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from relay.cli.curl import commands
from relay.cli.plans import Owed
from relay.deliver.targets.open import Outgoing
from tests.deliver.owed import delivery, event

HOSTILE = 'it\'s $(id) `id` "$HOME" \\ ; exit 1 #'
CURL = '#!/bin/sh\nprintf "%s\\0" "$@" > arguments\ncat > stdin\n'


Ran = Callable[..., tuple[list[str], bytes]]


@pytest.fixture
def ran(tmp_path: Path) -> Ran:
    """Runs a command where `curl` only takes down what it is given: its arguments, and its stdin."""
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)

    def run(sent: Outgoing | None, **environ: str) -> tuple[list[str], bytes]:
        command = command_of(sent)
        assert "\x1b" not in command
        shell(command, tmp_path, **environ)
        given = (tmp_path / "arguments").read_bytes().decode().split("\0")[:-1]
        return given, (tmp_path / "stdin").read_bytes()

    return run


def command_of(sent: Outgoing | None) -> str:
    """Of a delivery that has been tried; `sent`: what its target got, None where the file has no such one."""
    owed = None if sent is None else Owed("e-1", "box", outgoing=sent)
    return "\n".join(commands([(delivery(of=event(body=b"{}")), owed)]))


def shell(command: str, folder: Path, **environ: str) -> None:
    """In a folder that is the first on the PATH."""
    path = f"{folder}:{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        check=True,
    )


def http(body: bytes = b"{}", url: str = "http://box/", **headers: str) -> Outgoing:
    return Outgoing("http", {"method": "POST", "url": url}, body, tuple(headers.items()))


def test_words_stay_words(ran: Ran) -> None:
    """Quotes, variables and commands in url, headers and body."""
    url = f"http://box/?a={HOSTILE}"
    given, _ = ran(http(HOSTILE.encode(), url, A=HOSTILE, B="", **{"content-type": "x/y"}))
    assert given[:4] == ["-i", "-X", "POST", url]
    assert given[4::2] == ["-H", "-H", "-H", "--data-raw"]
    assert given[5::2] == [f"A: {HOSTILE}", "B;", "content-type: x/y", HOSTILE]


def test_no_file_of_the_operators_is_sent(ran: Ran) -> None:
    """A body that begins with @ is that body, and not a file's name."""
    given, _ = ran(http(b"@/etc/passwd"))
    assert given[-4:] == ["-H", "Content-Type:", "--data-raw", "@/etc/passwd"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b", b"\x1b[31mred", "\x9b31m".encode()])
def test_what_no_command_line_holds(ran: Ran, body: bytes) -> None:
    """Other bytes than text, and what would steer a terminal, come in base64, and arrive as they were."""
    given, stdin = ran(http(body))
    assert (given[-2:], stdin) == (["--data-binary", "@-"], body)


def test_a_header_steers_no_terminal(ran: Ran) -> None:
    """Its control characters are replaced."""
    given, _ = ran(http(A="\x1b[31mred"))
    assert "A: \N{REPLACEMENT CHARACTER}[31mred" in given


def test_a_url_that_is_not_told(ran: Ran) -> None:
    """Is taken from the environment, with the route's path behind it."""
    assert ran(http(url="***"), URL="http://box/a b")[0][3] == "http://box/a b"
    assert ran(http(url="***/o/$x"), URL="http://box")[0][3] == "http://box/o/$x"


def test_a_certificate(ran: Ran) -> None:
    """Likewise."""
    sent = Outgoing("http", {"method": "POST", "url": "https://box/", "certificate": "***"}, b"{}")
    given, _ = ran(sent, CERTIFICATE="a.pem", KEY="a.key")
    assert given[3:8] == ["https://box/", "--cert", "a.pem", "--key", "a.key"]


@pytest.mark.parametrize("kind", ["nats", "log", None])
def test_other_targets(ran: Ran, kind: str | None) -> None:
    """Or one that the file does not name: to a url of one's own."""
    sent = None if kind is None else Outgoing(kind, {"url": f"{kind}:x"}, b"{}", (("A", "1"),))
    given, _ = ran(sent, URL="http://own/")
    assert (given[3], given[-1]) == ("http://own/", "{}")


def test_a_program(ran: Ran, tmp_path: Path) -> None:
    """Runs with its variables alone, and the body on stdin."""
    program = tmp_path / "a program"
    program.write_text('#!/bin/sh\nenv -0 > seen\nprintf %s "$1" > argument\ncat > body\n')
    program.chmod(0o755)
    place = {"command": [str(program), HOSTILE], "inherits": ["PATH", "HOME", "LANG", "TZ"]}
    sent = Outgoing("exec", place, b"\xff\0", (("RELAY_TYPE", HOSTILE),))
    shell(command_of(sent), tmp_path, X="y")
    seen = dict(pair.decode().split("=", 1) for pair in (tmp_path / "seen").read_bytes().split(b"\0")[:-1])
    assert (seen["RELAY_TYPE"], "X" in seen) == (HOSTILE, False)
    assert (tmp_path / "argument").read_text() == HOSTILE
    assert (tmp_path / "body").read_bytes() == b"\xff\0"
