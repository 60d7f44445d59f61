"""A real Redis, Debian's, started in a folder of its own and on ports of its own."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from redis.asyncio import Redis

from tests.deliver.targets.children import WITH_US, go_on, pause
from tests.deliver.targets.tls_site import of_site, root
from tests.faults.ports import Ports

PROGRAM: Final = shutil.which("redis-server")
MISSING: Final = "Redis is not installed (Debian: apt install redis-server)"
PASSWORD: Final = "it's a %secret/"
ROOT: Final = root("Redis' root")
CONFIG: Final = """\
bind 127.0.0.1
port {port}
dir {folder}
save ""
appendonly yes
appendfsync always
aclfile {folder}/users.acl
tls-port {tls_port}
tls-ca-cert-file {folder}/ca.pem
tls-cert-file {folder}/server.pem
tls-key-file {folder}/server.pem
tls-auth-clients {clients}
"""


class RedisServer:
    """Anybody may do all; `relay` with `PASSWORD` may `XADD` to `box…`, and nothing else."""

    def __init__(self, folder: Path, clients: str = "optional") -> None:
        """`clients`: whether they have to show a certificate over TLS, `optional` or `yes`."""
        self.folder = folder
        self._ports = Ports(2)
        self.port, self.tls_port = self._ports.numbers
        (folder / "ca.pem").write_bytes(ROOT.pem)
        (folder / "server.pem").write_bytes(of_site(ROOT).whole)
        word = hashlib.sha256(PASSWORD.encode()).hexdigest()
        users = f"user default on nopass ~* +@all\nuser relay on #{word} ~box* +xadd\n"
        (folder / "users.acl").write_text(users)
        config = CONFIG.format(port=self.port, tls_port=self.tls_port, folder=folder, clients=clients)
        (folder / "redis.conf").write_text(config)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._ports.close()

    def url(self, path: str = "", user: str = "relay", password: str = PASSWORD) -> str:
        return f"redis://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}{path}"

    def asks(self, db: int = 0) -> Redis:
        """A client that may do all, used with `async with`."""
        return Redis(host="127.0.0.1", port=self.port, db=db)

    def start(self) -> None:
        """Returns when it takes connections."""
        assert PROGRAM is not None
        self._server = subprocess.Popen(
            [*WITH_US, PROGRAM, "redis.conf"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout is not None
        said = b""
        for line in self._server.stdout:
            said += line
            if b"Ready to accept connections" in line:
                return
        raise AssertionError(f"Redis ended: {said.decode()}")

    def kill(self) -> None:
        """As a power cut would."""
        if self._server is not None:
            self._server.kill()
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
