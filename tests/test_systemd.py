"""systemd's side of the house, against real sockets and the variables that systemd sets."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from relay import systemd
from relay.errors import RelayError


@pytest.fixture
def systemd_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A datagram socket at $NOTIFY_SOCKET, as PID 1 has one."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield receiver


@pytest.fixture
def pass_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator["PassSockets"]:
    with ExitStack() as stack:
        yield PassSockets(monkeypatch, stack)


class PassSockets:
    """Opens listeners on descriptors in a row and names them in the environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.monkeypatch = monkeypatch
        self.stack = stack
        self.ports: list[int] = []

    def __call__(self, *names: str, pid: int | None = None, fdnames: str | None = None) -> int:
        """The first descriptor. They belong to `listen_fds` from now on."""
        first = 200
        for fd in range(first, first + len(names)):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.ports.append(listener.getsockname()[1])
                os.dup2(listener.fileno(), fd, inheritable=True)
            self.stack.callback(_close, fd)
        self.monkeypatch.setenv("LISTEN_PID", str(os.getpid() if pid is None else pid))
        self.monkeypatch.setenv("LISTEN_FDS", str(len(names)))
        self.monkeypatch.setenv("LISTEN_FDNAMES", ":".join(names) if fdnames is None else fdnames)
        return first


def _close(fd: int) -> None:
    """What `listen_fds` did not take is closed here."""
    try:
        os.close(fd)
    except OSError:
        return


class TestNotify:
    def test_sends_all_fields_as_one_message(self, systemd_listens: socket.socket) -> None:
        """Readiness and the status text arrive together, a line each."""
        systemd.notify("READY=1", "STATUS=ready: 2 sources")
        assert systemd_listens.recv(4096) == b"READY=1\nSTATUS=ready: 2 sources"

    def test_knows_abstract_sockets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An address that begins with @ is in the abstract namespace."""
        name = f"relay-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(f"\0{name}")
            receiver.setblocking(False)
            monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
            systemd.notify("WATCHDOG=1")
            assert receiver.recv(4096) == b"WATCHDOG=1"

    @pytest.mark.parametrize(
        "address", [None, "", "vsock:2:1234", "relative", "/nowhere/notify", "/" + "x" * 200]
    )
    def test_never_raises(self, monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
        """Without systemd, or with one that cannot be reached, telling it is a no-op."""
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
        if address is not None:
            monkeypatch.setenv("NOTIFY_SOCKET", address)
        systemd.notify("READY=1")

    def test_does_not_wait_for_ever(
        self, systemd_listens: socket.socket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A systemd that takes nothing more does not hang the daemon."""
        monkeypatch.setattr(systemd, "PATIENCE", 0.001)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as crowd, suppress(BlockingIOError):
            crowd.setblocking(False)
            while True:
                crowd.sendto(b"busy", systemd_listens.getsockname())
        systemd.notify("WATCHDOG=1")
        assert systemd_listens.recv(4096) == b"busy"


class TestListenFds:
    def test_without_systemd_there_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A daemon started by hand listens by its file."""
        for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
            monkeypatch.delenv(name, raising=False)
        assert systemd.listen_fds() == {}

    def test_gives_each_socket_by_its_name(self, pass_sockets: PassSockets) -> None:
        """Two names, two listeners, each the one that was passed, and each takes connections."""
        first = pass_sockets("http", "admin")
        passed = systemd.listen_fds(first)
        assert {name: sock.getsockname()[1] for name, sock in passed.items()} == dict(
            zip(("http", "admin"), pass_sockets.ports, strict=True)
        )
        with socket.create_connection(passed["http"].getsockname()):
            for sock in passed.values():
                sock.close()

    def test_is_ready_for_asyncio_and_hidden_from_children(self, pass_sockets: PassSockets) -> None:
        """The listener does not block the loop, and no child process inherits it."""
        (sock,) = systemd.listen_fds(pass_sockets("http")).values()
        with sock:
            assert not sock.getblocking()
            assert not sock.get_inheritable()

    def test_takes_the_variables_away(self, pass_sockets: PassSockets) -> None:
        """A child of ours does not take our sockets for its own, and a second call finds none."""
        first = pass_sockets("http")
        systemd.listen_fds(first)["http"].close()
        assert not {name for name in os.environ if name.startswith("LISTEN_")}
        assert systemd.listen_fds(first) == {}

    def test_sockets_of_another_process_are_left_alone(self, pass_sockets: PassSockets) -> None:
        """Variables inherited from a parent name the parent's descriptors, not ours."""
        assert systemd.listen_fds(pass_sockets("http", pid=1)) == {}

    @pytest.mark.parametrize("fdnames", ["http:http", "http", ""])
    def test_two_sockets_of_one_name_are_refused(self, pass_sockets: PassSockets, fdnames: str) -> None:
        """A listener that nobody would answer is told, not left to hang its callers."""
        first = pass_sockets("http", "http", fdnames=fdnames)
        with pytest.raises(RelayError, match="FileDescriptorName"):
            systemd.listen_fds(first)

    def test_a_process_started_as_systemd_does_it_finds_its_socket(self) -> None:
        """From descriptor 3 on, with the pid of the process after its exec."""
        code = "from relay import systemd; print(systemd.listen_fds()['http'].getsockname()[1])"
        start = 'exec 3<&"$1"; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$2" -W ignore -c "$3"'
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fd = listener.fileno()
            done = subprocess.run(
                ["bash", "-c", start, "-", str(fd), sys.executable, code],
                pass_fds=[fd],
                capture_output=True,
                check=True,
                text=True,
            )
            assert int(done.stdout) == listener.getsockname()[1]


class TestWatchdogInterval:
    @pytest.mark.parametrize(
        ("usec", "pid", "expected"),
        [
            (None, None, None),
            ("20000000", None, 10.0),
            ("20000000", "ours", 10.0),
            ("20000000", "1", None),
            ("0", "ours", None),
            ("soon", "ours", None),
        ],
    )
    def test_is_half_of_what_systemd_waits(
        self, monkeypatch: pytest.MonkeyPatch, usec: str | None, pid: str | None, expected: float | None
    ) -> None:
        """Twice in each period, and never where systemd watches another process or none."""
        for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, str(os.getpid()) if value == "ours" else value)
        assert systemd.watchdog_interval() == expected
