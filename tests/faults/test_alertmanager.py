"""A sender that nobody here wrote: Debian's Alertmanager, its webhook receiver pointed at relay."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientError, ClientSession, web

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import SECRET, Daemon, free_ports
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
ALERTS = 'verify = { type = "bearer" }\nsecret = { env = "FAULTS_SECRET" }\nid = "digest"'


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
async def pager() -> AsyncIterator[tuple[Pager, int]]:
    pager, (port,) = Pager(), free_ports(1)
    server = web.Server(pager.take, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
    yield pager, port
    listening.close()
    await server.shutdown(1)


@pytest.fixture
async def alertmanager(daemon: Daemon, tmp_path: Path) -> AsyncIterator[str]:
    """Its address, once it is ready; it sends to `daemon`."""
    assert PROGRAM is not None
    (port,) = free_ports(1)
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG.format(url=daemon.url, secret=SECRET))
    with (tmp_path / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROGRAM,
                f"--config.file={config}",
                f"--storage.path={tmp_path / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        await _ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


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
def daemon(make_daemon: MakeDaemon, pager: tuple[Pager, int]) -> Daemon:
    target = f'url = "http://127.0.0.1:{pager[1]}/"'
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
async def test_alerts_arrive(daemon: Daemon, pager: tuple[Pager, int], alertmanager: str) -> None:
    """An alert that fires, and its end, go through relay to the target, each as Alertmanager sent it."""
    told = pager[0]
    daemon.start()
    await daemon.ready()
    await tell(alertmanager, None)
    await until(lambda: "firing" in told.statuses(), 20, lambda: f"the alert\n{daemon.last_words()}")
    await tell(alertmanager, datetime.now(UTC) - timedelta(seconds=1))
    await until(lambda: "resolved" in told.statuses(), 30, lambda: f"its end\n{daemon.last_words()}")
    for headers, body in told.told:
        assert body["alerts"][0]["labels"] == LABELS
        assert headers["User-Agent"].startswith("Alertmanager/")
        assert headers["Relay-Source"] == "alerts"
        assert "Authorization" not in headers
    assert (await daemon.audit())["events"]["unrouted"] == 0
