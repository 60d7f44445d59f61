"""relay as a process of its own, which can be killed and started again on the same store."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.faults.ports import Ports
from tests.faults.waiting import LOOK

SECRET: Final = "secret of the faults"
TOKEN: Final = "token of the faults"
READY_WITHIN: Final = 30.0
STOP_WITHIN: Final = 20.0
ROOT: Final = Path(__file__).parents[2]


def config(port: int, admin_port: int, sink_port: int, sections: dict[str, str]) -> str:
    """A file with a signed source and an HTTP target; `sections` adds lines to a table, or whole tables."""
    tables = {
        "server": f'listen = "127.0.0.1:{port}"',
        "admin": f'listen = "127.0.0.1:{admin_port}"\ntoken = {{ env = "FAULTS_TOKEN" }}',
        "source.shop": 'verify = { type = "hmac", header = "X-Signature", prefix = "sha256=" }\n'
        'secret = { env = "FAULTS_SECRET" }\nid = "body.id"',
        "target.sink": f'url = "http://127.0.0.1:{sink_port}/"',
        "target.sink.retry": 'schedule = ["200ms", "400ms", "1s", "1s", "1s", "1s", "2s", "5s", "5s", "5s"]',
        "route.all": 'from = "*"\nto = ["sink"]',
    }
    for name, lines in sections.items():
        tables[name] = f"{tables[name]}\n{lines}" if name in tables else lines
    return "\n".join([f"[{name}]\n{lines}\n" for name, lines in tables.items()])


class Daemon:
    """One relay: a folder, a file, a store, and lives one after the other."""

    def __init__(self, folder: Path, sink_port: int, sections: dict[str, str]) -> None:
        self._ports = Ports(2)
        self.port, self.admin_port = self._ports.numbers
        self.folder = folder
        self.file = folder / "relay.toml"
        self.file.write_text(config(self.port, self.admin_port, sink_port, sections), "utf-8")
        self.under: Sequence[str] = ()
        """A command that runs the daemon, such as strace with its options."""
        self._log = folder / "relay.log"
        self._bytecode = folder / "bytecode"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "relay"]

    # its life

    def start(self) -> None:
        """A new life; `ready` waits until it is one."""
        assert self._process is None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.under, *self.command, "run", "-c", str(self.file)],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def environment(self) -> dict[str, str]:
        """Ours, and a place for compiled modules, which halves the time of a start."""
        mine = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        secrets = {"FAULTS_SECRET": SECRET, "FAULTS_TOKEN": TOKEN}
        return mine | secrets | {"PYTHONPYCACHEPREFIX": str(self._bytecode)}

    async def ready(self, within: float = READY_WITHIN) -> float:
        """Seconds until `/readyz` of the senders' port said 200."""
        return await self.until_readyz(200, within)

    async def until_readyz(self, status: int, within: float) -> float:
        """Seconds until `/readyz` said `status`; AssertionError after `within` of them."""
        began = time.monotonic()
        while await self.probe("/readyz") != status:
            assert self.alive, f"relay ended\n{self.last_words()}"
            assert time.monotonic() - began < within, (
                f"/readyz is not {status} within {within} s\n{self.last_words()}"
            )
            await asyncio.sleep(LOOK)
        return time.monotonic() - began

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL; nothing of it runs any more when this returns."""
        assert self.alive, f"relay ended by itself\n{self.last_words()}"
        self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, STOP_WITHIN)

    def close(self) -> None:
        """The test is over: it ends, however it is."""
        if self._process is not None:
            self._end(signal.SIGKILL)
        self._ports.close()

    def _end(self, number: int) -> None:
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        process.wait()

    # what it says

    async def probe(self, path: str) -> int | None:
        """The status of a probe at the senders' port; None where nobody answers."""
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=5)) as session,
                session.get(self.url + path) as answer,
            ):
                return answer.status
        except (ClientError, OSError, TimeoutError):
            return None

    async def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """What the API answers, whatever its status is."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"http://127.0.0.1:{self.admin_port}{path}"
        async with (
            ClientSession(timeout=ClientTimeout(total=60)) as session,
            session.request(method, url, json=body, headers=headers) as answer,
        ):
            said: dict[str, Any] = await answer.json(content_type=None)
            return said

    async def audit(self) -> dict[str, Any]:
        """The sums; AssertionError where they do not match."""
        sums = await self.ask("GET", "/api/v1/audit")
        assert sums["ok"], sums
        return sums

    async def target(self) -> dict[str, Any]:
        """What is shown of the target."""
        (shown,) = (await self.ask("GET", "/api/v1/targets"))["targets"]
        found: dict[str, Any] = shown
        return found

    async def settled(self, within: float = 30.0) -> dict[str, Any]:
        """The sums, once no delivery is pending."""
        began = time.monotonic()
        while (sums := await self.audit())["deliveries"]["pending"]:
            assert time.monotonic() - began < within, f"still pending: {sums}\n{self.last_words()}"
            await asyncio.sleep(0.1)
        return sums

    async def relay(self, *words: str) -> tuple[int, str]:
        """A command of relay's on the same file: exit status, and all that it printed."""
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *words,
            "-c",
            str(self.file),
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    def last_words(self) -> str:
        """The end of its log."""
        return (
            "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-20:])
            if self._log.exists()
            else ""
        )

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")
