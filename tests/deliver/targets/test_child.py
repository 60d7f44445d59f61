"""A program that runs is fed, heard, ended with all of its group, and reaped."""

import asyncio
import errno
import os
import signal
from pathlib import Path
from typing import IO

import pytest

from relay.deliver.targets.child import CHUNK, Child
from relay.deliver.targets.program import ExecTarget
from relay.deliver.targets.protocol import Verdict
from tests.clock import START
from tests.deliver.targets.programs import LOOPS, Loop, living, message, open_files, run, said, shell, zombies
from tests.eventually import eventually

SOON = 0.05
"""Seconds of grace for what is known to outlive SIGTERM."""
LONG = 60.0


@pytest.fixture(params=LOOPS, ids=lambda loop: "asyncio" if loop is None else "uvloop")
def loop(request: pytest.FixtureRequest) -> Loop:
    """On each of them the same is promised."""
    kind: Loop = request.param
    return kind


def test_cut_off(loop: Loop, tmp_path: Path) -> None:
    """An attempt that is cancelled ends its program, with the whole group, and leaves nothing open."""
    mark, ready = f"cut off {os.getpid()}", tmp_path / "ready"

    async def scenario() -> None:
        before = open_files()
        target = ExecTarget(shell('sleep 300 & touch "$1"; wait', str(ready)), LONG)
        task = asyncio.create_task(target.send(message(headers={"X-Mark": mark}), START))
        await eventually(ready.exists)
        await eventually(lambda: len(living(mark)) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert open_files() == before
        await eventually(lambda: not living(mark))

    run(loop, scenario())
    assert not zombies()


def test_may_put_things_in_order(loop: Loop, tmp_path: Path) -> None:
    """SIGTERM comes first, and what it then says is heard."""
    ready = tmp_path / "ready"

    async def scenario() -> str:
        script = 'trap "echo tidied >&2; exit" TERM; sleep 300 & touch "$1"; wait'
        child = Child(shell(script, str(ready)), {}, b"", LONG)
        await eventually(ready.exists)
        await child.kill()
        return child.last_words()

    assert run(loop, scenario()) == "tidied"


def test_outlives_sigterm(loop: Loop, tmp_path: Path) -> None:
    """Then SIGKILL ends it, also when it is cancelled a second time."""
    mark, ready = f"outlives {os.getpid()}", tmp_path / "ready"

    async def scenario(*, twice: bool) -> None:
        ready.unlink(missing_ok=True)
        grace = LONG if twice else SOON
        target = ExecTarget(shell('trap "" TERM; sleep 300 & touch "$1"; wait', str(ready)), LONG, grace)
        task = asyncio.create_task(target.send(message(headers={"X-Mark": mark}), START))
        await eventually(ready.exists)
        task.cancel()
        if twice:
            await eventually(lambda: task.cancelling() == 1)
            await asyncio.wait([task], timeout=SOON)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: not living(mark))
        await eventually(lambda: not zombies())

    run(loop, scenario(twice=False))
    run(loop, scenario(twice=True))


def test_left_behind_by_one_that_obeys(loop: Loop, tmp_path: Path) -> None:
    """The program ends at SIGTERM, its child does not: that one is killed with it."""
    mark, ready = f"left {os.getpid()}", tmp_path / "ready"

    async def scenario() -> int:
        script = '(trap "" TERM; touch "$1"; sleep 300; sleep 300) & sleep 300'
        child = Child(shell(script, str(ready)), {b"MARK": mark.encode()}, b"", LONG)
        await eventually(ready.exists)
        await child.kill()
        await eventually(lambda: not living(mark))
        return await child.end()

    assert run(loop, scenario()) == -signal.SIGTERM


def test_out_of_reach(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that no signal ends holds up nobody; it is reaped when it does end."""

    async def scenario() -> tuple[bool, int]:
        child = Child(shell("sleep 300"), {}, b"", SOON)
        kill = os.killpg
        pid = child._process.pid
        with monkeypatch.context() as patch:
            patch.setattr(os, "killpg", lambda pid, number: None)
            await child.kill()
        still = not child._over.is_set()
        kill(pid, signal.SIGKILL)
        return still, await child.end()

    assert run(loop, scenario()) == (True, -signal.SIGKILL)
    assert not zombies()


def test_cannot_be_watched(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program whose end would not be seen does not run on."""

    def full(pid: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    mark = f"unseen {os.getpid()}"
    monkeypatch.setattr(os, "pidfd_open", full)
    reply = run(loop, said(("/bin/sleep", "300"), message(headers={"X-Mark": mark})))
    assert (reply.verdict, reply.error) == (
        Verdict.UNREACHABLE,
        "cannot be started: Too many open files",
    )
    assert (living(mark), zombies()) == ([], False)


def test_closes_stdin(loop: Loop) -> None:
    """Then it is given nothing more, and nobody asks again and again whether it takes some."""

    async def scenario() -> None:
        child = Child(shell("exec 0<&-; sleep 300"), {}, bytes(1 << 20), LONG)
        await eventually(lambda: child._pipes[0].closed)
        await child.kill()

    run(loop, scenario())


def test_flood(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fills its stderr waits until it is heard again, and meanwhile costs nothing."""
    heard: list[int | None] = []  # how many bytes, each time
    hear = Child._hear

    def counted(self: Child, pipe: IO[bytes]) -> int | None:
        heard.append(hear(self, pipe))
        return heard[-1]

    async def scenario() -> int:
        child = Child(shell("exec yes >&2"), {}, b"", LONG)
        await eventually(lambda: CHUNK in heard)
        before = len(heard)
        assert {(await said(("/bin/true",))).verdict for _ in range(3)} == {Verdict.TAKEN}
        assert not any(heard[before:])  # of these there was nothing to hear
        await child.kill()
        return await child.end()

    with monkeypatch.context() as patch:
        patch.setattr("relay.deliver.targets.child.PAUSE", LONG)
        patch.setattr(Child, "_hear", counted)
        assert run(loop, scenario()) == -signal.SIGTERM


def test_is_heard_again(loop: Loop) -> None:
    """After a while, to the end."""

    async def scenario() -> tuple[int, str]:
        child = Child(shell("head -c 300000 /dev/zero | tr '\\0' x >&2; echo ' end' >&2"), {}, b"", LONG)
        return await child.end(), child.last_words()[-6:]

    assert run(loop, scenario()) == (0, "xx end")
