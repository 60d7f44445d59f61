"""NATS over TLS, on the real server: `tls://` with `ca` and `mtls`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import nats
from relay.deliver.targets.protocol import Reply, Verdict
from tests.deliver.targets.listener import Deaf
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.servers import NatsServer
from tests.deliver.targets.test_nats import GREETING
from tests.deliver.targets.tls_site import key_of, of_client, of_site, root

ROOT = root()
OTHER = root("another root")
NONE_TAKES = Reply(Verdict.FAILED, error="no stream takes orders.paid")
"""What is heard where a connection was made: these servers keep nothing."""


@pytest.fixture
async def opened(session: ClientSession, tmp_path: Path) -> AsyncIterator[Opener]:
    """NATS targets that trust one root."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    async with opener(nats.prepare, session, subject="orders.paid", ca=str(tmp_path / "ca.pem")) as made:
        yield made


@contextmanager
def secured(folder: Path, more: str = "") -> Iterator[str]:
    """The url of a server that speaks TLS only."""
    own = of_site(ROOT, hosts=("127.0.0.1",))
    (folder / "cert.pem").write_bytes(own.pem)
    (folder / "key.pem").write_text(key_of(own))
    config = f'cert_file: "{folder}/cert.pem", key_file: "{folder}/key.pem"{more}'
    with NatsServer(folder, f"tls {{ {config} }}", jetstream=False) as server:
        yield f"tls://127.0.0.1:{server.port}"


async def test_own_roots(tmp_path: Path, opened: Opener) -> None:
    """A server that `ca` vouches for is one like any other."""
    with secured(tmp_path) as url:
        assert await send(opened(url)) == NONE_TAKES


async def test_unknown_roots(tmp_path: Path, opened: Opener) -> None:
    """One that nobody vouches for is out of reach, with and without `ca`, and that is why."""
    (tmp_path / "other.pem").write_bytes(OTHER.pem)
    with secured(tmp_path) as url:
        for ca in (None, str(tmp_path / "other.pem")):
            reply = await send(opened(url, ca=ca))
            why = "no connection: TLS: unable to get local issuer certificate"
            assert reply == Reply(Verdict.UNREACHABLE, error=why)


async def test_another_name(tmp_path: Path, opened: Opener) -> None:
    """A certificate for another name is nobody's word for this one."""
    with secured(tmp_path) as url:
        reply = await send(opened(url.replace("127.0.0.1", "localhost")))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no connection: TLS: Hostname mismatch")


async def test_shows_a_certificate(tmp_path: Path, opened: Opener) -> None:
    """A server that wants to know who we are is shown it; without one it lets nobody in."""
    shown = of_client(ROOT)
    auth: dict[str, Any] = {"type": "mtls", "certificate": shown.pem.decode(), "key": key_of(shown)}
    with secured(tmp_path, f', ca_file: "{tmp_path}/ca.pem", verify: true') as url:
        assert await send(opened(url, auth=auth)) == NONE_TAKES
        reply = await send(opened(url))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no connection: ")


async def test_nothing_is_said_in_the_clear(opened: Opener) -> None:
    """To a server that offers no TLS, `tls://` says nothing: not the message, and no password."""
    async with Deaf(GREETING) as deaf:
        login = {"type": "basic", "user": "relay", "password": "secret-word"}
        reply = await send(opened(f"tls://127.0.0.1:{deaf.port}", auth=login))
        assert reply == Reply(Verdict.UNREACHABLE, error="no connection: the server offers no TLS")
        await deaf.closed.wait()
    assert deaf.heard == b""


async def test_wants_tls(tmp_path: Path, opened: Opener) -> None:
    """`nats://` to a server that speaks TLS only goes on in TLS, and trusts the system's roots."""
    with secured(tmp_path) as url:
        reply = await send(opened(url.replace("tls:", "nats:"), ca=None))
    why = "no connection: TLS: unable to get local issuer certificate"
    assert reply == Reply(Verdict.UNREACHABLE, error=why)


async def test_unusable(tmp_path: Path, opened: Opener) -> None:
    """What cannot be read is told when the file is loaded."""
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert opened.problems("tls://127.0.0.1") == [
        "relay.toml: target.box.ca: holds a certificate that cannot be read (PEM, BEGIN CERTIFICATE)"
    ]
