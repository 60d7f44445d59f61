"""A sender that nobody here wrote: Debian's Alertmanager, its webhook receiver pointed at relay."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientError, ClientSession, web

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import SECRET, Daemon
from tests.faults.ports import Ports
from tests.faults.waiting import until

pytestmark = pytest.mark.faults

PROGRAM: Final = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
LABELS: Final = {"alertname": "DiskNearlyFull", "severity": "page", "instance": "db1"}

CONFIG = """
route:
  receiver: relay
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: relay
    webhook_configs:
      - url: {url}/in/alerts
        send_resolved: true
        http_config:
          authorization:
            type: Bearer
            credentials: {secret}
"""
ALERTS = 'verify = { type = "bearer" }\nsecret = { env = "FAULTS_SECRET" }'


class Pager:
    """The target: what it was told, with the headers that brought it."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], dict[str, Any]]] = []

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.told.append((dict(request.headers), json.loads(await request.content.read())))
        return web.Response()

    def statuses(self) -> list[str]:
        return [body["status"] for _, body in self.told]


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Of the target, and of Alertmanager."""
    with Ports(2) as ports:
        yield ports.numbers


@pytest.fixture
async def pager(ports: list[int]) -> AsyncIterator[Pager]:
    pager = Pager()
    server = web.Server(pager.take, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", ports[0])
    yield pager
    listening.close()
    await server.shutdown(1)


@pytest.fixture
async def alertmanager(daemon: Daemon, ports: list[int], tmp_path: Path) -> AsyncIterator[str]:
    """Its address, once it is ready; it sends to `daemon`."""
    config, address = tmp_path / "alertmanager.yml", f"127.0.0.1:{ports[1]}"
    config.write_text(CONFIG.format(url=daemon.url, secret=SECRET))
    process = _start(
        tmp_path / "alertmanager.log",
        f"--config.file={config}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    try:
        await _ready(f"http://{address}", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


def _start(log: Path, *options: str) -> "subprocess.Popen[bytes]":
    assert PROGRAM is not None
    with log.open("wb") as file:
        return subprocess.Popen([PROGRAM, *options], stdin=subprocess.DEVNULL, stdout=file, stderr=file)


async def _ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    async with ClientSession() as session:
        for _ in range(200):
            assert process.poll() is None, "alertmanager ended"
            try:
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("alertmanager is not ready")


@pytest.fixture
def daemon(make_daemon: MakeDaemon, ports: list[int]) -> Daemon:
    target = f'url = "http://127.0.0.1:{ports[0]}/"'
    return make_daemon(
        {"source.alerts": ALERTS, "target.pager": target, "route.alerts": 'from = "alerts"\nto = ["pager"]'}
    )


async def tell(alertmanager: str, ends: datetime | None) -> None:
    """An alert that burns until `ends`, by Alertmanager's own API."""
    now = datetime.now(UTC)
    alert = {"labels": LABELS, "startsAt": (now - timedelta(minutes=1)).isoformat()}
    if ends is not None:
        alert["endsAt"] = ends.isoformat()
    async with (
        ClientSession() as session,
        session.post(f"{alertmanager}/api/v2/alerts", json=[alert]) as answer,
    ):
        assert answer.status == 200, await answer.text()


@pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed")
async def test_alerts_arrive(daemon: Daemon, pager: Pager, alertmanager: str) -> None:
    """An alert that fires, and its end, go through relay to the target, each as Alertmanager sent it."""
    daemon.start()
    await daemon.ready()
    await tell(alertmanager, None)
    await until(lambda: "firing" in pager.statuses(), 20, lambda: f"the alert\n{daemon.last_words()}")
    await tell(alertmanager, datetime.now(UTC) - timedelta(seconds=1))
    await until(lambda: "resolved" in pager.statuses(), 30, lambda: f"its end\n{daemon.last_words()}")
    for headers, body in pager.told:
        assert body["alerts"][0]["labels"] == LABELS
        assert headers["User-Agent"].startswith("Alertmanager/")
        assert headers["Relay-Source"] == "alerts"
        assert "Authorization" not in headers
    assert (await daemon.audit())["events"]["unrouted"] == 0
