"""relay itself, as the benchmark runs it: `relay run` on a file of its own, in a folder of its own."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

from bench.child import Child, Failed
from bench.message import ID_HEADER, PATH, SECRET, SIGNATURE_HEADER, SIGNATURE_PREFIX

TOKEN: Final = "bench-token"
SOURCE: Final = "bench"
TARGET: Final = "sink"
ROUTE: Final = "all"
STORE: Final = "relay.db"
READY_WITHIN: Final = 120.0
STOP_WITHIN: Final = 20.0
POLL: Final = 0.005
"""Seconds between looks at a port that nobody has opened yet."""


def config(port: int, admin_port: int, tables: str) -> str:
    """The file: the source of the baselines, and `tables`, of targets and routes."""
    return f"""
[server]
listen = "127.0.0.1:{port}"
[admin]
listen = "127.0.0.1:{admin_port}"
token = "{TOKEN}"
[store]
url = "sqlite:{STORE}"
[log]
format = "json"
[source.{SOURCE}]
path = "{PATH}"
secret = "{SECRET}"
id = 'headers["{ID_HEADER.lower()}"]'
[source.{SOURCE}.verify]
type = "hmac"
algorithm = "sha256"
header = "{SIGNATURE_HEADER}"
encoding = "hex"
prefix = "{SIGNATURE_PREFIX}"
{tables}"""


def one_target(sink_port: int) -> str:
    """A target that takes as many at once as the proxy may send, and gets everything."""
    return f"""
[target.{TARGET}]
url = "http://127.0.0.1:{sink_port}/"
concurrency = 64
[route.{ROUTE}]
from = ["{SOURCE}"]
to = ["{TARGET}"]
"""


class Daemon(Child):
    """One running relay, with `tables` of targets and routes."""

    def __init__(self, folder: Path, tables: str) -> None:
        self.port, self.admin_port = free_ports(2)
        self.log = folder / "relay.log"
        file = folder / "relay.toml"
        file.write_text(config(self.port, self.admin_port, tables), "utf-8")
        super().__init__(("-m", "relay", "run", "-c", str(file)), self.log)

    def ready(self) -> float:
        """Seconds from its start until `/readyz` said 200."""
        deadline = self.began + READY_WITHIN
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f"relay ended with {self.process.returncode}: {self.complaint()}")
            if self._is_ready():
                return time.monotonic() - self.began
            time.sleep(POLL)
        raise Failed(f"relay was not ready within {READY_WITHIN:.0f} s: {self.complaint()}")

    def _is_ready(self) -> bool:
        try:
            status, _ = ask(self.port, "GET", "/readyz")
        except (OSError, HTTPException):
            return False
        return status == 200

    def pause(self, target: str = TARGET) -> None:
        """Nothing is delivered to `target` from now on."""
        self.api("POST", f"targets/{target}/pause")

    def audit(self) -> None:
        """Failed where relay's own sums do not match."""
        answer = self.api("GET", "audit")
        if not answer["ok"]:
            raise Failed(f"relay audit: {answer}")

    def api(self, method: str, call: str) -> dict[str, Any]:
        """What the API answers; Failed where that is a refusal."""
        status, answer = ask(self.admin_port, method, f"/api/v1/{call}")
        if status != 200:
            raise Failed(f"{method} {call}: {status} {answer}")
        return answer

    def told(self) -> Iterator[dict[str, Any]]:
        """The lines of its log until now."""
        for line in self.log.read_bytes().splitlines():
            if line.startswith(b"{"):
                yield json.loads(line)

    def end(self) -> None:
        """As systemd would: SIGTERM, and if that is not enough, SIGKILL."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
        super().end()


def ask(port: int, method: str, path: str) -> tuple[int, dict[str, Any]]:
    """One request to relay: the status, and the JSON of its answer if it is any."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(body) if body.startswith(b"{") else {}


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [some.getsockname()[1] for some in sockets]
    for some in sockets:
        some.close()
    return ports
