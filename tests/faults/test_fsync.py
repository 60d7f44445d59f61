"""The answer comes after the sync: the order of system calls, as the kernel saw them."""

import random
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.trace import STRACE, acknowledged, parse, too_early
from tests.faults.waiting import until

pytestmark = pytest.mark.faults

POSTS: Final = 30

RECEIVED = '10 read(9<socket:[1]>, "POST /in/shop HTTP/1.1\\r\\nHost"..., 65536) = 300\n'
WRITTEN = '11 pwrite64(7</store/relay.db-wal>, "\\r\\0"..., 4096, 32) = 4096\n'
SYNCED = "11 fdatasync(7</store/relay.db-wal>) = 0\n"
SYNC_BEGINS = "11 fdatasync(7</store/relay.db-wal> <unfinished ...>\n"
SYNC_ENDS = "11 <... fdatasync resumed>) = 0\n"
ANSWERED = '10 write(9<socket:[1]>, "HTTP/1.1 200 OK\\r\\nRelay-Event-Id: evt_1\\r\\n"..., 120) = 120\n'


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
async def test_answer_comes_after_the_sync(daemon: Daemon, tmp_path: Path) -> None:
    """For every single request the log is written, its fdatasync returns, and only then the 200 is sent."""
    file = tmp_path / "trace"
    daemon.under = (*STRACE, str(file))
    daemon.start()
    await daemon.ready()
    # no delivery, and so no commit but those of the posts
    await daemon.ask("POST", "/api/v1/targets/sink/pause")
    async with Senders(daemon, random.Random(1)) as senders:
        for _ in range(POSTS):
            assert (await senders.post(senders.name())).status == 200
    pid = daemon.pid
    assert await daemon.stop() == 0
    # strace pads numbers of processes to five places
    exited = re.compile(rf"^{pid} +\+\+\+ exited", re.MULTILINE)
    await until(lambda: bool(exited.search(file.read_text("utf-8", "replace"))), 60, "the trace's end")
    calls = parse(file.read_text("utf-8", "replace"))
    assert len(acknowledged(calls)) == POSTS
    assert too_early(calls) == []


@pytest.mark.parametrize(
    "trace",
    [RECEIVED + WRITTEN + SYNCED + ANSWERED, RECEIVED + WRITTEN + SYNC_BEGINS + SYNC_ENDS + ANSWERED],
    ids=["whole", "resumed"],
)
def test_right_order_passes(trace: str) -> None:
    """A trace in the right order holds nothing to complain of, for one request and for many."""
    assert too_early(parse(trace * 3)) == []


@pytest.mark.parametrize(
    "trace",
    [
        RECEIVED + WRITTEN + ANSWERED + SYNCED,
        RECEIVED + ANSWERED + WRITTEN + SYNCED,
        RECEIVED + WRITTEN + SYNC_BEGINS + ANSWERED + SYNC_ENDS,
        RECEIVED + SYNCED + WRITTEN + ANSWERED,
        RECEIVED + WRITTEN + ANSWERED,
        RECEIVED + ANSWERED,
        RECEIVED + WRITTEN + SYNCED.replace("= 0", "= -1 EIO (Input/output error)") + ANSWERED,
        RECEIVED + WRITTEN + SYNCED.replace("relay.db-wal", "other") + ANSWERED,
    ],
    ids=["before", "first", "during", "stale", "unsynced", "unwritten", "failed", "elsewhere"],
)
def test_wrong_order_is_seen(trace: str) -> None:
    """Where the order is turned round, the check of the test above goes red, and only for that request."""
    right = RECEIVED + WRITTEN + SYNCED + ANSWERED
    assert len(too_early(parse(right + trace + right))) == 1
