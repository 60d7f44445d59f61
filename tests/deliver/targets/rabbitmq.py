"""A real RabbitMQ, Debian's, started in a folder of its own and on ports of its own."""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import aiormq
from aiormq.abc import AbstractChannel, DeliveredMessage

from tests.deliver.targets.children import WITH_US, go_on, pause
from tests.deliver.targets.tls_site import of_site, root
from tests.eventually import PATIENCE
from tests.faults.ports import Ports

SBIN: Final = Path("/usr/lib/rabbitmq/bin")
"""Not the commands on the PATH: those change to the package's own user and folders."""
EPMD: Final = shutil.which("epmd")
HERE: Final = (SBIN / "rabbitmq-server").exists() and EPMD is not None
MISSING: Final = "RabbitMQ is not installed (Debian: apt install rabbitmq-server)"
NODE: Final = "relay@localhost"
PASSWORD: Final = "it's a %secret/"
LARGEST: Final = 1 << 20
"""Bytes of a message that it takes."""
ROOT: Final = root("RabbitMQ's root")
CONFIG: Final = """\
listeners.tcp.1 = 127.0.0.1:{port}
listeners.ssl.1 = 127.0.0.1:{tls_port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
loopback_users = none
max_message_size = {largest}
load_definitions = {folder}/definitions.json
"""


class RabbitMq:
    """`relay` with `PASSWORD` may enter the vhosts `/` and `odd/ü`, `guest` may enter `/` and `guests`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = Ports(4)
        self.port, self.tls_port, names, distribution = self._ports.numbers
        (folder / "ca.pem").write_bytes(ROOT.pem)
        (folder / "server.pem").write_bytes(of_site(ROOT).whole)
        config = CONFIG.format(port=self.port, tls_port=self.tls_port, folder=folder, largest=LARGEST)
        (folder / "rabbitmq.conf").write_text(config)
        (folder / "definitions.json").write_text(json.dumps(_definitions()))
        (folder / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": str(folder / "rabbitmq.log"),
            "RUNNING_UNDER_SYSTEMD": "true",  # so that the script becomes the server, not its parent
        }
        assert EPMD is not None
        # a child of ours: RabbitMQ itself would start one that outlives it
        self._epmd = subprocess.Popen(
            [*WITH_US, EPMD, "-port", str(names), "-address", "127.0.0.1"], stdin=subprocess.DEVNULL
        )
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._epmd.kill()
        self._epmd.wait()
        self._ports.close()

    def url(self, vhost: str = "", user: str = "relay", password: str = PASSWORD) -> str:
        return f"amqp://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}{vhost}"

    def start(self) -> None:
        """Returns when it takes connections: some five seconds."""
        self._server = subprocess.Popen(
            [*WITH_US, SBIN / "rabbitmq-server"],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        said = b""
        for line in self._server.stdout:
            said += line
            if b"completed with" in line:
                return
        raise AssertionError(f"RabbitMQ ended: {said.decode()}")

    def kill(self) -> None:
        """As a power cut would."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            assert self._server.stdout is not None
            self._server.stdout.close()
            self._server = None

    def pause(self) -> None:
        """It is there, and says nothing."""
        assert self._server is not None
        pause(self._server.pid)

    def go_on(self) -> None:
        assert self._server is not None
        go_on(self._server.pid)

    async def command(self, *words: str) -> None:
        """What `rabbitmqctl` does."""
        control = await asyncio.create_subprocess_exec(
            SBIN / "rabbitmqctl",
            *("-q", "-n", NODE, *words),
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                said, _ = await control.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(control.pid, signal.SIGKILL)
        assert control.returncode == 0, said.decode()

    @asynccontextmanager
    async def queue(
        self, name: str, vhost: str = "/", arguments: dict[str, Any] | None = None
    ) -> "AsyncIterator[Queue]":
        """A queue of that name, made anew; gone at the end, if the server is still the same."""
        async with aiormq.connect(self.url(f"/{quote(vhost, safe='')}")) as connection:
            channel = await connection.channel()
            await channel.queue_delete(name)
            await channel.queue_declare(name, durable=True, arguments=arguments)
            yield Queue(name, channel)
            if connection.is_opened:
                await channel.queue_delete(name)


class Queue:
    """What has arrived."""

    def __init__(self, name: str, channel: AbstractChannel) -> None:
        self.name = name
        self.channel = channel

    async def count(self) -> int:
        told = await self.channel.queue_declare(self.name, passive=True)
        assert told.message_count is not None
        return told.message_count

    async def first(self) -> DeliveredMessage:
        """The message that came first; it is taken away."""
        return await self.channel.basic_get(self.name, no_ack=True)


def _definitions() -> dict[str, Any]:
    """What is there from the start."""
    allowed = [("relay", "/"), ("relay", "odd/ü"), ("guest", "/"), ("guest", "guests")]
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    return {
        "vhosts": [{"name": vhost} for vhost in ("/", "odd/ü", "guests")],
        "users": [
            {"name": "relay", "password_hash": _hash(PASSWORD), "tags": ""},
            {"name": "guest", "password_hash": _hash("guest"), "tags": ""},
        ],
        "permissions": [{"user": user, "vhost": vhost, **everything} for user, vhost in allowed],
    }


def _hash(password: str) -> str:
    """As RabbitMQ keeps it: four bytes of salt, and SHA-256 over them and the password."""
    salt = b"salt"
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
