"""What systemd gives a service and wants to hear of it: sockets, readiness, the watchdog.

Without systemd each of these does nothing. The protocols are those of sd_listen_fds(3), sd_notify(3)
and sd_watchdog_enabled(3).
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from relay.clock import Clock
from relay.errors import RelayError

FIRST_FD: Final = 3
"""SD_LISTEN_FDS_START: the sockets that were passed follow on standard error."""
PATIENCE: Final = 1.0
"""Seconds that systemd may be too busy to take a word of ours."""


def notify(*fields: str) -> None:
    """Tell systemd, for instance `notify("READY=1", "STATUS=ready")`; never raises.

    A no-op without $NOTIFY_SOCKET, a path or with `@` an abstract name. It waits for systemd at most
    PATIENCE, so that a daemon does not hang in telling that it is well.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.settimeout(PATIENCE)
        sender.sendto("\n".join(fields).encode(), address)


def listen_fds(first: int = FIRST_FD) -> dict[str, socket.socket]:
    """The sockets that systemd passed, by their FileDescriptorName=; RelayError where two have one name.

    Ours only if LISTEN_PID is our own. The variables are taken away and the descriptors are closed on
    exec, so that no child takes them for its own; a second call finds none.
    """
    pid = os.environ.pop("LISTEN_PID", "")
    count = os.environ.pop("LISTEN_FDS", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdecimal():
        return {}
    if int(count) != len(names) or len(set(names)) != len(names):
        raise RelayError(
            f"systemd passed {count} sockets with the names {':'.join(names)!r}",
            "give each .socket one ListenStream= and a FileDescriptorName= of its own; "
            "ListenStream=[::]:8080 takes IPv4 too",
        )
    return {name: _adopt(fd) for fd, name in enumerate(names, first)}


def watchdog_interval() -> float | None:
    """Seconds between two `notify("WATCHDOG=1")`: half of what systemd waits; None: it does not wait.

    Meant for us only if WATCHDOG_PID is missing or our own.
    """
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    usec = os.environ.get("WATCHDOG_USEC", "")
    if not usec.isdecimal() or int(usec) == 0:
        return None
    return int(usec) / 2 / 1_000_000


def _adopt(fd: int) -> socket.socket:
    os.set_inheritable(fd, False)
    passed = socket.socket(fileno=fd)
    passed.setblocking(False)
    return passed


async def feed_watchdog(alive: Callable[[], bool], status: Callable[[], str], clock: Clock) -> None:
    """For ever, while somebody wants it: fed when the loop turned and `alive` says so."""
    interval = watchdog_interval()
    while interval is not None:
        if alive():
            notify("WATCHDOG=1", f"STATUS={status()}")
        await clock.sleep(interval)
