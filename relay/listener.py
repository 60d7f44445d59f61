"""Opening a listener: TCP, a unix socket, or one that systemd passed."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from relay.config.types import Listen
from relay.errors import RelayError

BACKLOG: Final = 4096


async def listen(
    runner: web.BaseRunner, at: Listen, passed: socket.socket | None = None, mode: int = 0o600
) -> web.BaseSite:
    """Accept connections; RelayError where that is not possible. `mode`: of a unix socket's file."""
    site = _site(runner, at, passed)
    try:
        await site.start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RelayError(f"cannot listen on {at}: {reason}", "is another relay running there?") from error
    if passed is None and at.path is not None:
        os.chmod(at.path, mode)  # noqa: PTH101  of a socket
    return site


def _site(runner: web.BaseRunner, at: Listen, passed: socket.socket | None) -> web.BaseSite:
    if passed is not None:
        return web.SockSite(runner, passed, backlog=BACKLOG)
    if at.path is None:
        return web.TCPSite(runner, at.host, at.port, backlog=BACKLOG)
    _remove_stale(Path(at.path))
    return web.UnixSite(runner, at.path, backlog=BACKLOG)


def _remove_stale(path: Path) -> None:
    """A socket's file that a killed daemon left; one that somebody listens on stays."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError:
            return


def address(runner: web.BaseRunner, at: Listen) -> str:
    """Where it listens indeed: with the port that the system gave for port 0."""
    for name in runner.addresses:
        if at.path is None and isinstance(name, tuple):
            host = f"[{name[0]}]" if ":" in name[0] else name[0]
            return f"{host}:{name[1]}"
    return str(at)


Passed = Mapping[str, socket.socket]
