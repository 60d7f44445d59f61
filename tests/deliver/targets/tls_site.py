"""A target behind TLS on 127.0.0.1, which may want to see a certificate."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from relay.receive.verify.key_pair import private_pem
from tests.authority import Issued, authority

ALWAYS = timedelta(days=36_500)
HERE = ("127.0.0.1", "localhost")


@dataclass
class Site:
    """What was asked, and by whom: the common names of certificates, None where none was shown."""

    url: str = ""
    port: int = 0
    peers: list[str | None] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)

    async def taken(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        names = [value for part in (shown or {}).get("subject", ()) for _, value in part]
        self.logins.append(request.headers.get("Authorization"))
        self.peers.append(names[0] if names else None)
        return web.Response()


@asynccontextmanager
async def site(own: Issued, folder: Path, clients: Issued | None = None) -> AsyncIterator[Site]:
    """A site under the certificate `own`; `clients`: who must have issued its clients' certificates."""
    context = _context(own, folder, clients)
    found, app = Site(), web.Application()
    app.router.add_post("/hooks", found.taken)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context)
    assert server.port is not None
    found.port, found.url = server.port, f"https://127.0.0.1:{server.port}/hooks"
    try:
        yield found
    finally:
        await server.close()


def _context(own: Issued, folder: Path, clients: Issued | None) -> ssl.SSLContext:
    file = folder / f"site-{own.certificate.serial_number}.pem"
    file.write_bytes(own.whole)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem.decode())
    return context


@asynccontextmanager
async def strict_site(
    own: Issued, folder: Path, clients: Issued, newest: ssl.TLSVersion
) -> AsyncIterator[str]:
    """The url of a site that refuses one client's certificate, and says why before it ends."""
    context = _context(own, folder, clients)
    context.maximum_version = newest
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(_refuse, listener, context))
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/hooks"
        await refusing


def _refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection = listener.accept()[0]
    handshake = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    with handshake:
        try:
            handshake.do_handshake()
        except ssl.SSLError:
            bare = socket.socket(fileno=handshake.detach())
            with bare:
                bare.shutdown(socket.SHUT_WR)
                while bare.recv(1 << 16):
                    pass


def root(name: str = "tests' root") -> Issued:
    """An authority for sites and clients."""
    return authority(name, ends=ALWAYS, usage=True, web=True)


def of_site(issuer: Issued, hosts: tuple[str, ...] = HERE, ends: timedelta = ALWAYS) -> Issued:
    """A site's own certificate."""
    return issuer.issue("site", hosts=hosts, ends=ends, web=True)


def of_client(issuer: Issued, name: str = "relay") -> Issued:
    """A client's."""
    return issuer.issue(name, ends=ALWAYS, web=True)


def key_of(issued: Issued) -> str:
    """Its private key, PEM."""
    return private_pem(issued.key).decode()
