"""`exec:` runs a program for each delivery, and its exit status decides."""

import asyncio
import json
import os
import resource
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from multidict import CIMultiDict

from relay.config.target import TargetConfig
from relay.deliver.targets.program import TAKEN, ExecTarget, environment, prepare
from relay.deliver.targets.protocol import Reply, Verdict
from tests.clock import START
from tests.deliver.targets.programs import LOOPS, Loop, living, message, open_files, run, said, shell, zombies
from tests.deliver.targets.promises import Kind, Promises
from tests.eventually import PATIENCE, eventually

MIB = 1 << 20
LATE = 0.05
"""Seconds: the timeout of a program that is known to hang."""


@pytest.fixture(params=LOOPS, ids=lambda loop: "asyncio" if loop is None else "uvloop")
def loop(request: pytest.FixtureRequest) -> Loop:
    """On each of them the same is promised."""
    kind: Loop = request.param
    return kind


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a program writes what it has seen."""
    return tmp_path / "out"


@pytest.mark.parametrize("body", [b"", b'{"n":1}', bytes(range(256)) * 8192], ids=["none", "little", "2 MiB"])
def test_body_is_on_stdin(loop: Loop, out: Path, body: bytes) -> None:
    """Bit for bit, and then it ends; exit status 0 is delivered."""
    assert run(loop, said(shell('cat > "$1"', str(out)), message(body))) == TAKEN
    assert out.read_bytes() == body


def test_stdin_can_be_opened_by_name(loop: Loop, out: Path) -> None:
    """It is a pipe as a shell makes one: a socket would refuse `/dev/stdin`."""
    assert run(loop, said(shell('cat /dev/stdin > "$1"', str(out)), message(b"hello"))) == TAKEN
    assert out.read_bytes() == b"hello"


def test_body_need_not_be_read(loop: Loop) -> None:
    """Neither by one that ends at once, nor by one that closes stdin and goes on."""
    large = message(bytes(4 * MIB))
    assert run(loop, said(("/bin/true",), large)) == TAKEN
    assert run(loop, said(shell("exec 0<&-; echo closed >&2; exit 7"), large)) == Reply(
        Verdict.FAILED, error="exit status 7: closed"
    )


def test_body_that_is_never_read_costs_nothing(loop: Loop) -> None:
    """A program that sleeps over it holds no copy of it, and times out."""
    large = message(bytes(32 * MIB))
    tracemalloc.start()
    try:
        reply = run(loop, said(("/bin/sleep", "300"), large, LATE))
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    assert reply == Reply(Verdict.FAILED, error="no end within 0.05 s")


def test_variables(loop: Loop, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The headers, and of the daemon's own the four that hold no secret."""
    monkeypatch.setattr(os, "environ", os.environ)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    own = {"PATH": "/bin", "HOME": "/root", "LANG": "C.UTF-8", "GITHUB_WEBHOOK_SECRET": "s3cret"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    headers = {
        "Relay-Event-Id": "e-1",
        "Relay-Type": "order.päid",
        "traceparent": "00-1-2-01",
        "Content-Type": "application/json",
        "X-Order.No": "7",
        "path": "/evil",
        "TZ": "Evil/Zone",
    }
    command = ("/bin/cp", "/proc/self/environ", str(out))
    assert run(loop, said(command, message(headers=headers))) == TAKEN
    assert dict(line.split("=", 1) for line in out.read_text().rstrip("\0").split("\0")) == {
        "PATH": "/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "RELAY_EVENT_ID": "e-1",
        "RELAY_TYPE": "order.päid",
        "IDEMPOTENCY_KEY": "k-1",
        "TRACEPARENT": "00-1-2-01",
        "CONTENT_TYPE": "application/json",
        "X_ORDER_NO": "7",
    }


def test_nothing_is_loaded_by_a_header() -> None:
    """What loaders and interpreters run first is nobody's to say; names that look like it are free."""
    refused = ("LD-Preload", "ld_library_path", "Bash-Env", "ENV", "PythonPath", "Perl5Opt", "Node-Options")
    free = ("Node-Id", "Environment", "LDAP-User", "Pearl", "Ruby-Colour")
    variables = environment(CIMultiDict([(name, "x") for name in (*refused, *free)]))
    ours = {name for name in variables if variables[name] == b"x"}
    assert ours == {b"NODE_ID", b"ENVIRONMENT", b"LDAP_USER", b"PEARL", b"RUBY_COLOUR"}


@pytest.mark.parametrize("backwards", [False, True])
def test_names_that_become_one(backwards: bool) -> None:
    """Ours are not replaced by one that looks like them; of others the first counts."""
    headers = [("relay_type", "theirs"), ("Relay-Type", "ours"), ("X-A", "1"), ("x_a", "2")]
    variables = environment(CIMultiDict(reversed(headers) if backwards else headers))
    assert (variables[b"RELAY_TYPE"], variables[b"X_A"]) == (b"ours", b"2" if backwards else b"1")


def test_values_that_no_variable_can_hold(loop: Loop) -> None:
    """A NUL is `%00`; half a surrogate pair goes as the bytes it would be."""
    odd = {"X-Nul": "a\0b", "X-Half": "\ud800", "X-Bytes": "\udcff"}
    assert run(loop, said(("/bin/true",), message(headers=odd))) == TAKEN
    variables = environment(message(headers=odd).headers)
    assert (variables[b"X_NUL"], variables[b"X_BYTES"]) == (b"a%00b", b"\xff")


def test_arguments_as_they_stand(loop: Loop, out: Path) -> None:
    """No shell reads them; the table's own words, from the file on."""
    args = ["-c", 'printf "%s\\n" "$@" > "$0"', str(out), "$HOME", "a b", "", "; exit 1", "*"]
    table = TargetConfig.model_validate({"url": "exec:/bin/sh", "args": args})
    maker = prepare("job", table)
    target = maker(SimpleNamespace())  # type: ignore[arg-type]  # it takes nothing of what targets share
    assert run(loop, target.send(message(), START)) == TAKEN
    assert out.read_text().splitlines() == args[3:]
    run(loop, target.close())


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("exit 3", "exit status 3"),
        ("echo out; echo 'no\tsuch' >&2; echo customer >&2; exit 1", "exit status 1: no such customer"),
        ("kill -KILL $$", "ended by SIGKILL"),
        ("echo dying >&2; kill -SEGV $$", "ended by SIGSEGV: dying"),
        ("kill -40 $$", "ended by signal 40"),
        (
            r"printf '\033[1;31mred\033[0m \000\007\377 bell' >&2; exit 1",
            "exit status 1: red \ufffd\ufffd\ufffd bell",
        ),
    ],
)
def test_failed(loop: Loop, script: str, error: str) -> None:
    """A failed attempt; its reason is the end of stderr, as one line that can be shown."""
    assert run(loop, said(shell(script))) == Reply(Verdict.FAILED, error=error)


def test_flood(loop: Loop) -> None:
    """What it prints is never all in memory; the end of stderr is told, within bounds."""
    script = (
        "head -c 8000000 /dev/zero; head -c 8000000 /dev/zero | tr '\\0' x >&2; echo ' the end' >&2; exit 1"
    )
    tracemalloc.start()
    try:
        reply = run(loop, said(shell(script)))
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    assert reply.error is not None
    assert reply.error.startswith("exit status 1: …xxx")
    assert reply.error.endswith("xx the end")
    assert len(reply.error) <= 500


def test_grandchild_that_goes_on(loop: Loop, out: Path) -> None:
    """One that keeps stderr holds up nothing, and is left alone: the program has ended by itself."""
    reply = run(loop, said(shell('sleep 300 & echo $! > "$1"; echo gone >&2; exit 4', str(out))))
    assert reply == Reply(Verdict.FAILED, error="exit status 4: gone")
    os.kill(int(out.read_text()), 9)  # it was still there


def test_timeout_kills_all(loop: Loop) -> None:
    """A program that takes too long ends with its whole process group, whatever that thinks of SIGTERM."""
    mark = f"timeout {os.getpid()}"

    async def scenario() -> Reply:
        script = "trap '' TERM; sleep 300 & sleep 300"
        reply = await said(shell(script), message(headers={"X-Mark": mark}), LATE)
        await eventually(lambda: not living(mark))
        return reply

    assert run(loop, scenario()) == Reply(Verdict.FAILED, error="no end within 0.05 s")
    assert not zombies()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.write_text("#!/bin/sh\n"), "Permission denied"),
        (lambda path: path.mkdir(), "Permission denied"),
        (lambda path: (path.write_text("no program"), path.chmod(0o755)), "Exec format error"),
        (lambda path: (path.write_text("#!/not/there\n"), path.chmod(0o755)), "No such file or directory"),
    ],
    ids=["missing", "not executable", "a folder", "no program", "no interpreter"],
)
def test_cannot_be_started(loop: Loop, out: Path, make: object, error: str) -> None:
    """The target is down, not the event at fault."""
    make(out)  # type: ignore[operator]  # one of those above
    assert run(loop, said((str(out),))) == Reply(Verdict.UNREACHABLE, error=f"cannot be started: {error}")


def test_too_many_open_files(loop: Loop) -> None:
    """What the daemon lacks is no fault of the event's; however far it came, nothing is left behind."""

    async def scenario() -> list[Reply]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        before = open_files()
        os.close(first := os.dup(0))
        replies = []
        for more in range(12):
            resource.setrlimit(resource.RLIMIT_NOFILE, (first + more, hard))
            try:
                replies.append(await said(("/bin/true",)))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert open_files() == before
        return replies

    refused = Reply(Verdict.UNREACHABLE, error="cannot be started: Too many open files")
    replies = run(loop, scenario())
    assert replies == [refused] * replies.count(refused) + [TAKEN] * replies.count(TAKEN)
    assert replies.count(refused) >= 6
    assert not zombies()


def test_headers_larger_than_an_environment(loop: Loop) -> None:
    """That is about the event, and takes no target down."""
    reply = run(loop, said(("/bin/true",), message(headers={"X-Large": "x" * MIB})))
    assert reply == Reply(Verdict.REFUSED, error="its headers are more than a program can be given")


def test_sees_nothing_of_the_daemon(loop: Loop, out: Path) -> None:
    """No open file but its own three, of which stdout is no place; a session of its own."""
    inherited = os.dup2(os.open("/dev/null", os.O_RDONLY), 200)
    assert os.get_inheritable(inherited)
    session = "$(cut -d ' ' -f 6 /proc/$$/stat)"
    script = f'echo $(ls /proc/$$/fd) $(readlink /proc/$$/fd/1) "{session}" $$ > "$1"'
    assert run(loop, said(shell(script, str(out)))) == TAKEN
    *files, stdout, its_session, pid = out.read_text().split()
    os.close(inherited)
    assert "200" not in files
    assert {"0", "1", "2"} <= set(files)
    assert (stdout, its_session) == ("/dev/null", pid)


def test_many_at_once(loop: Loop, tmp_path: Path) -> None:
    """Each has its own body; none leaves a process or an open file."""

    async def scenario() -> list[Reply]:
        before = open_files()
        target = ExecTarget(shell('cat > "$1/$X_N"', str(tmp_path)), 60)
        sends = [target.send(message(json.dumps(n).encode(), {"X-N": str(n)}), START) for n in range(50)]
        replies = await asyncio.gather(*sends)
        assert open_files() == before
        return list(replies)

    assert run(loop, scenario()) == [TAKEN] * 50
    assert [json.loads((tmp_path / str(n)).read_bytes()) for n in range(50)] == list(range(50))
    assert not zombies()


class TestExec(Promises):
    """What every target promises."""

    @pytest.fixture
    def kind(self, tmp_path: Path) -> Kind:
        begun = tmp_path / "begun"
        well = ExecTarget(("/bin/cat",), PATIENCE)
        hanging = ExecTarget(shell('touch "$1"; sleep 300', str(begun)), PATIENCE)
        gone = ExecTarget((str(tmp_path / "gone"),), PATIENCE)
        return Kind(well, hanging, gone, lambda: eventually(begun.exists))
