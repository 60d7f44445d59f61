"""Real servers in place of the hosts that a page names."""

import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.deliver.targets.tls_site import key_of, of_client, of_site, root
from tests.docs.page import TAKEN, Exchange, Shown, is_like


class Host:
    """One of them: answers as the page says, and keeps what it was asked."""

    def __init__(self, name: str, exchanges: Iterable[Exchange]) -> None:
        self.name = name
        self.shown = [exchange for exchange in exchanges if exchange.request.host == name]
        self.arrived: list[Shown] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        line = f"{request.method} {request.raw_path} HTTP/1.1"
        at = len(self.arrived)
        self.arrived.append(Shown(line, dict(request.headers), body))
        answer = self.shown[at].answer if at < len(self.shown) else TAKEN
        return web.Response(
            status=int(answer.line.split(" ")[1]), headers=answer.headers, body=answer.body.encode()
        )

    def differences(self) -> list[str]:
        """Between what came and what the page shows."""
        found = [f"{self.name}: {len(self.arrived)} requests, not {len(self.shown)}"]
        found = found if len(self.arrived) != len(self.shown) else []
        for arrived, exchange in zip(self.arrived, self.shown, strict=False):
            found += different(arrived, exchange.request)
        return found


def different(arrived: Shown, shown: Shown) -> list[str]:
    """What of a request or message is not as it is shown; headers that are not shown may be anything."""
    headers = {name.lower(): value for name, value in arrived.headers.items()}
    wrong = [
        f"{name}: {headers.get(name.lower())!r}, not {value!r}"
        for name, value in shown.headers.items()
        if name != "Host" and not is_like(headers.get(name.lower(), ""), value)
    ]
    if arrived.line != shown.line:
        wrong.append(f"{arrived.line!r}, not {shown.line!r}")
    if not is_like(arrived.body, shown.body):
        wrong.append(f"the body {arrived.body!r}, not {shown.body!r}")
    return wrong


@asynccontextmanager
async def opened(exchanges: list[Exchange], tls: ssl.SSLContext | None) -> AsyncIterator[list[Host]]:
    """A server for each host of these, behind TLS where a context is given."""
    async with AsyncExitStack() as stack:
        hosts = []
        for name in dict.fromkeys(exchange.request.host for exchange in exchanges):
            host = Host(name, exchanges)
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", host.take)
            server = TestServer(app, host="127.0.0.1")
            await server.start_server(ssl=tls)
            stack.push_async_callback(server.close)
            host.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
            hosts.append(host)
        yield hosts


def certificates(folder: Path) -> ssl.SSLContext:
    """What a CA gives to both sides: files in `folder` to a client, a context to a server that wants them."""
    ca = root("a CA of your own")
    client = of_client(ca)
    (folder / "ca.pem").write_bytes(ca.pem)
    (folder / "relay.pem").write_bytes(client.pem)
    (folder / "relay.key").write_text(key_of(client))
    site = folder / "site.pem"
    site.write_bytes(of_site(ca).whole)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca.pem.decode())
    return context
