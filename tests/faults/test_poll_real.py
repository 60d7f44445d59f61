"""Real servers, polled by a real daemon that is killed meanwhile: Alertmanager's API, Mercurial's feeds."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientError, ClientSession

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.ports import Ports
from tests.faults.waiting import LOOK

pytestmark = pytest.mark.faults

ALERTMANAGER: Final = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
HG: Final = shutil.which("hg")
WITHIN: Final = 30.0
ALERTS: Final = """
api = "real"
path = "/api/v2/alerts"
items = "body"
id = "item.fingerprint"
type = '"alert." + item.status.state'
time = "ts(item.startsAt)"
change = "item.status.state"
start = "all"
every = "300ms"
idle = "300ms"
"""
FEED: Final = """
api = "real"
path = "/{0}-log"
format = "feed"
items = "body.entries"
id = "item.id"
start = "all"
every = "300ms"
idle = "300ms"
"""


@pytest.fixture
def port() -> Iterator[int]:
    """Of the server."""
    with Ports(1) as ports:
        yield ports.numbers[0]


@asynccontextmanager
async def served(url: str, folder: Path, *words: str) -> AsyncIterator[None]:
    """A server in a process of its own, once it answers at `url`."""
    process = _start(folder, *words)
    try:
        async with ClientSession() as session, asyncio.timeout(WITHIN):
            while not await _answers(session, url):
                assert process.poll() is None, (folder / "server.log").read_text()
                await asyncio.sleep(LOOK)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _start(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


async def _answers(session: ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except ClientError:
        return False


async def told(daemon: Daemon, source: str, count: int) -> list[dict[str, Any]]:
    """The source's events, oldest first, once there are so many and all are delivered."""
    async with asyncio.timeout(WITHIN):
        while True:
            events = (await daemon.ask("GET", f"/api/v1/events?source={source}&limit=1000"))["events"]
            if len(events) >= count:
                await daemon.settled()
                return list(reversed(events))
            await asyncio.sleep(LOOK)


async def polled_again(daemon: Daemon, name: str) -> None:
    """Return when one more pass is over, and was well."""
    before = await _passed(daemon, name)
    async with asyncio.timeout(WITHIN):
        while True:
            if await _passed(daemon, name) != before:
                return
            await asyncio.sleep(LOOK)


async def _passed(daemon: Daemon, name: str) -> str:
    (shown,) = (await daemon.ask("GET", "/health"))["checks"][f"poll:{name}"]
    assert not shown.get("last_error"), shown
    return str(shown.get("last_pass"))


async def post(url: str, document: Any) -> Any:
    async with ClientSession() as session, session.post(url, json=document) as answer:
        assert answer.status == 200, await answer.text()
        return json.loads(await answer.read() or b"null")


def restart(daemon: Daemon) -> None:
    daemon.kill()
    daemon.start()


@pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
async def test_alerts(make_daemon: MakeDaemon, tmp_path: Path, port: int) -> None:
    """Each change of each alert's state is an event, once: active, silenced while relay is dead, active."""
    url = f"http://127.0.0.1:{port}"
    config = tmp_path / "alertmanager.yml"
    config.write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n")
    words = [str(ALERTMANAGER), f"--config.file={config}", f"--storage.path={tmp_path / 'data'}"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    daemon = make_daemon({"api.real": f'url = "{url}"', "poll.alerts": ALERTS})
    now = datetime.now(UTC)
    async with served(f"{url}/-/ready", tmp_path, *words):
        alerts = [
            {"labels": {"alertname": "DiskNearlyFull", "instance": f"db{n}"}, "startsAt": now.isoformat()}
            for n in range(40)
        ]
        await post(f"{url}/api/v2/alerts", alerts)
        daemon.start()
        await daemon.ready()
        first = await told(daemon, "alerts", 40)
        assert {event["type"] for event in first} == {"alert.active"}
        daemon.kill()
        matcher = {"name": "instance", "value": "db7", "isRegex": False, "isEqual": True}
        ends = (now + timedelta(hours=1)).isoformat()
        silence = {"matchers": [matcher], "startsAt": now.isoformat(), "endsAt": ends}
        silence |= {"createdBy": "a test", "comment": "made up"}
        id = (await post(f"{url}/api/v2/silences", silence))["silenceID"]
        daemon.start()
        await daemon.ready()
        await told(daemon, "alerts", 41)
        async with ClientSession() as session, session.delete(f"{url}/api/v2/silence/{id}") as answer:
            assert answer.status == 200
        events = await told(daemon, "alerts", 42)
        assert [event["type"] for event in events[40:]] == ["alert.suppressed", "alert.active"]
        (silenced,) = {event["key"].partition("#")[0] for event in events[40:]}
        keys = {event["key"] for event in first}
        assert [event["key"] for event in events[40:]] == [f"{silenced}#2", f"{silenced}#3"]
        restart(daemon)
        await daemon.ready()
        await polled_again(daemon, "alerts")
        assert len(keys) == 40
        assert len(await told(daemon, "alerts", 42)) == 42
        assert await daemon.stop() == 0


def hg(repository: Path, *words: str) -> None:
    """A command, by nobody's own settings."""
    environment = os.environ | {"HGRCPATH": os.devnull}
    subprocess.run([str(HG), *words], cwd=repository, env=environment, check=True)


def commit(repository: Path, text: str) -> None:
    """One more change, which the feed then holds."""
    (repository / "file").write_text(text)
    hg(repository, "commit", "-A", "-q", "-u", "somebody", "-m", text)
    # its ETag is the second in which this was written: a feed that was read just then shall not look the same
    changes = repository / ".hg" / "store" / "00changelog.i"
    later = int(changes.stat().st_mtime) + 10
    os.utime(changes, (later, later))


@pytest.mark.skipif(HG is None, reason="mercurial is not installed")
@pytest.mark.parametrize("kind", ["atom", "rss"])
async def test_a_feed(make_daemon: MakeDaemon, tmp_path: Path, port: int, kind: str) -> None:
    """Each entry once, over a kill and what comes while relay is dead; in between the server says 304."""
    repository, url = tmp_path / "repository", f"http://127.0.0.1:{port}"
    repository.mkdir()
    hg(repository, "init")
    daemon = make_daemon(
        {"api.real": f'url = "{url}"', "poll.feed": FEED.format(kind), "log": 'level = "debug"'}
    )
    for n in range(3):
        commit(repository, f"change <{n}> & more")
    words = [str(HG), "serve", "-a", "127.0.0.1", "-p", str(port), "-A", str(tmp_path / "access.log")]
    async with served(f"{url}/", repository, *words):
        daemon.start()
        await daemon.ready()
        await told(daemon, "feed", 3)
        await polled_again(daemon, "feed")
        await polled_again(daemon, "feed")
        daemon.kill()
        commit(repository, "while nobody asked")
        daemon.start()
        await daemon.ready()
        await told(daemon, "feed", 4)
        commit(repository, "at last")
        await told(daemon, "feed", 5)
        await polled_again(daemon, "feed")
        events = await told(daemon, "feed", 5)
        bodies = [json.loads((await daemon.ask("GET", f"/api/v1/events/{e['id']}"))["body"]) for e in events]
        texts = [f"change <{n}> & more" for n in range(3)] + ["while nobody asked", "at last"]
        assert [body["title"].removeprefix("[default] ") for body in bodies[3:]] == texts[3:]
        assert sorted(body["title"].removeprefix("[default] ") for body in bodies) == sorted(texts)
        assert all(body["id"] == event["key"] for body, event in zip(bodies, events, strict=True))
        assert '" 304 ' in (tmp_path / "access.log").read_text()
        assert await daemon.stop() == 0
