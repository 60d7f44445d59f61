"""AMQP, on a real RabbitMQ: who may come in, and how both sides prove who they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import amqp
from relay.deliver.targets.protocol import Reply, Verdict
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.rabbitmq import PASSWORD, ROOT, RabbitMq
from tests.deliver.targets.tls_site import key_of, of_client

pytestmark = pytest.mark.xdist_group("rabbitmq")
TAKEN = Reply(Verdict.TAKEN)


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """AMQP targets."""
    async with opener(amqp.prepare, session, routing_key="box") as made:
        yield made


async def test_wrong_password(rabbit: RabbitMq, opened: Opener) -> None:
    """A login that is refused is a target out of reach; no word of it is shown."""
    reply = await send(opened(rabbit.url(password="wrong-word/1")))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no connection: the broker says ACCESS_REFUSED - Login was refused")
    assert "wrong-word" not in str(reply.error)


@pytest.mark.parametrize("vhost", ["/nowhere", "/guests"], ids=["not there", "not for this user"])
async def test_closed_vhost(rabbit: RabbitMq, opened: Opener, vhost: str) -> None:
    """A vhost that cannot be entered is out of reach, and that is why."""
    why = "no connection: the vhost is not there, or not this user's to enter"
    assert await send(opened(rabbit.url(vhost))) == Reply(Verdict.UNREACHABLE, error=why)


async def test_vhost(rabbit: RabbitMq, opened: Opener) -> None:
    """Its name is percent-encoded; the url's password may stand in `auth` as well."""
    async with rabbit.queue("box", "odd/ü") as queue:
        assert await send(opened(rabbit.url("/odd%2F%C3%BC"))) == TAKEN
        auth = {"type": "basic", "user": "relay", "password": PASSWORD}
        assert await send(opened(f"amqp://127.0.0.1:{rabbit.port}/odd%2F%C3%BC", auth=auth)) == TAKEN
        assert await queue.count() == 2


async def test_nobody(rabbit: RabbitMq, opened: Opener) -> None:
    """Without a login it is the one that brokers have for whoever is on the same machine."""
    async with rabbit.queue("box"):
        assert await send(opened(f"amqp://127.0.0.1:{rabbit.port}")) == TAKEN


# TLS


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The path of the roots that vouch for the broker."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    return str(tmp_path / "ca.pem")


async def test_own_roots(rabbit: RabbitMq, opened: Opener, ca: str) -> None:
    """A broker that `ca` vouches for is one like any other; without, it is out of reach, and that is why."""
    async with rabbit.queue("box"):
        assert await send(opened(secured(rabbit), ca=ca)) == TAKEN
        reply = await send(opened(secured(rabbit)))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no connection: TLS: ")


async def test_certificate_as_login(rabbit: RabbitMq, opened: Opener, ca: str) -> None:
    """With `mtls` and no user in the url, it is the certificate that logs in; else it is that user."""
    url = f"amqps://127.0.0.1:{rabbit.tls_port}"
    async with rabbit.queue("box"):
        assert await send(opened(url, ca=ca, auth=mtls("relay"))) == TAKEN
        reply = await send(opened(url, ca=ca, auth=mtls("nobody")))
        assert str(reply.error).startswith("no connection: the broker says ACCESS_REFUSED")
        assert await send(opened(secured(rabbit), ca=ca, auth=mtls("nobody"))) == TAKEN


def mtls(name: str) -> dict[str, str]:
    """A certificate of that name."""
    issued = of_client(ROOT, name)
    return {"type": "mtls", "certificate": issued.pem.decode(), "key": key_of(issued)}


def secured(rabbit: RabbitMq) -> str:
    """The url with TLS."""
    return rabbit.url().replace("amqp:", "amqps:").replace(str(rabbit.port), str(rabbit.tls_port))
