"""What is told of a request beforehand is what arrives; what proves relay is not told."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from multidict import CIMultiDict

from relay.config.target import TargetConfig
from relay.config.types import Place
from relay.deliver.targets.open import KINDS, Means, Outgoing, outgoing, prepare_target
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.protocol import Message, Verdict
from tests.clock import START, ManualClock
from tests.deliver.owed import TYPED, event
from tests.deliver.targets.asking import message, table
from tests.deliver.targets.kafka_server import KafkaCluster
from tests.deliver.targets.rabbitmq import RabbitMq
from tests.deliver.targets.redis_server import MISSING, PASSWORD, PROGRAM, RedisServer
from tests.deliver.targets.servers import NatsServer
from tests.target import ScriptedTarget

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ODD = event(3, headers=(*TYPED, (b"X-Odd", "Zürich\t✓".encode()), (b"X-Odd", b"again")))
HIDDEN: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "bearer": ({"token": "hush hush"}, {"authorization": "Bearer ***"}),
    "basic": ({"user": "me", "password": "hush hush"}, {"authorization": "Basic ***"}),
    "header": ({"name": "X-Api-Key", "value": "hush hush"}, {"x-api-key": "***"}),
}


def unread(url: str, **keys: Any) -> TargetConfig:
    """A table of `relay check`'s, where no credential is at hand."""
    place = Place(Path(), environ={}, checking=True)
    return TargetConfig.model_validate({"url": url, **keys}, context=place, by_alias=True)


def again(sent: Message) -> Message:
    """The same; a target adds to its headers."""
    return replace(sent, headers=CIMultiDict(sent.headers))


@asynccontextmanager
async def both(
    of: TargetConfig, session: ClientSession, printer: Printer | None = None, path: str = ""
) -> AsyncIterator[Outgoing]:
    """What is told of a message, and meanwhile it has been sent."""
    maker = prepare_target("box", of)
    assert not isinstance(maker, list), maker
    target = maker(Means(session, ManualClock(), printer or Printer()))
    try:
        sent = message(3, ODD, to=target, path=path)
        found = await outgoing("box", of, again(sent), START)
        assert (await target.send(sent, START)).verdict is Verdict.TAKEN
        yield found
    finally:
        await target.close()


async def posted(told: Outgoing, box: ScriptedTarget, hidden: dict[str, str]) -> None:
    """The request has come as it was told, but for what is hidden."""
    arrived = await box.next()
    assert told.place["method"] == "POST"
    assert told.body == arrived.body
    headers = [(name.decode().lower(), value.decode()) for name, value in arrived.headers]
    expected = [(name, hidden.get(name, value)) for name, value in headers]
    added = {"host", "content-length"}
    assert sorted((name.lower(), value) for name, value in told.headers) == sorted(
        pair for pair in expected if pair[0] not in added
    )
    assert "hush" not in str((told.place, told.headers))


async def test_a_plain_request(session: ClientSession) -> None:
    """Url with the route's path, headers, repeated ones too, body."""
    async with ScriptedTarget() as box:
        async with both(table(f"{box.url}?a=1"), session, path="/orders/%2F7") as told:
            await posted(told, box, {})
        assert told.place == {"method": "POST", "url": f"{box.url}/orders/%2F7?a=1"}
        assert box.requests[0].path == "/hooks/orders/%2F7?a=1"


@pytest.mark.parametrize("kind", HIDDEN)
async def test_what_proves_relay_is_masked(session: ClientSession, kind: str) -> None:
    """Where it stands is told."""
    words, hidden = HIDDEN[kind]
    async with ScriptedTarget() as box:
        async with both(table(box.url, auth={"type": kind, **words}), session) as told:
            await posted(told, box, hidden)
        assert told.place["url"] == box.url


async def test_a_proof_in_the_url(session: ClientSession) -> None:
    """A parameter's value is masked, the rest of the url told; so of a login that stands in the file."""
    async with ScriptedTarget() as box:
        auth = {"type": "query", "name": "key", "value": "hush&hush"}
        async with both(table(f"{box.url}?a=***", auth=auth), session) as told:
            await posted(told, box, {})
        assert told.place["url"] == f"{box.url}?a=***&key=***"
        url = box.url.replace("http://", "http://me:hush@")
        async with both(table(url), session) as told:
            await posted(told, box, {"authorization": "Basic ***"})
        assert told.place["url"] == box.url


async def test_a_secret_url(session: ClientSession) -> None:
    """Only what a route adds to it is told."""
    async with ScriptedTarget() as box:
        of = table({"env": "URL"}, {"URL": f"{box.url}/hush?hush"})
        async with both(of, session, path="/orders/7") as told:
            await posted(told, box, {})
        assert told.place["url"] == "***/orders/7"


async def test_nobody_is_asked_for_a_token(session: ClientSession) -> None:
    """It is told where one would stand."""
    async with ScriptedTarget() as issuer:
        auth = {"type": "oauth2", "token_url": issuer.url, "client_id": "me", "client_secret": "hush hush"}
        of = table("https://box.invalid/hooks", auth=auth)
        told = await outgoing("box", of, message(), START)
        assert ("Authorization", "Bearer ***") in told.headers
        assert issuer.requests == []


@pytest.mark.parametrize(
    "sign",
    [
        {"type": "standard-webhooks", "secret": [WHSEC, WHSEC]},
        {"type": "hmac", "header": "X-Hub", "prefix": "v=", "signed": "{id}{url}{body}", "secret": "hush"},
    ],
    ids=["standard", "hmac"],
)
async def test_signatures(session: ClientSession, sign: dict[str, Any]) -> None:
    """They are what the target would verify."""
    async with ScriptedTarget() as box:
        async with both(table(box.url, sign=sign), session) as told:
            await posted(told, box, {})
        assert {"webhook-signature", "X-Hub"} & dict(told.headers).keys()


async def test_what_cannot_be_signed_here() -> None:
    """Where a secret is not at hand, or the url is not whole, there is no signature that is not one."""
    credential = {"credential": "not-here"}
    for sign, name in (
        ({"type": "standard-webhooks", "secret": credential}, "webhook-signature"),
        ({"type": "hmac", "header": "X-Hub", "secret": credential}, "X-Hub"),
        ({"type": "hmac", "header": "X-Hub", "secret": "hush", "signed": "{url}"}, "X-Hub"),
    ):
        auth = {"type": "query", "name": "key", "value": "hush hush"}
        of = unread("https://box.invalid/", sign=sign, auth=auth)
        assert dict((await outgoing("box", of, message(), START)).headers)[name] == "***"


async def test_a_line_on_stdout(session: ClientSession) -> None:
    """With its end."""
    with tempfile.TemporaryFile() as file:
        printer = Printer(file.fileno())
        async with both(table("log:"), session, printer) as told:
            file.seek(0)
            assert (told.place, file.read()) == ({"url": "log:"}, told.body)
        printer.close()


async def test_a_line_of_a_file(session: ClientSession, tmp_path: Path) -> None:
    """As it is appended."""
    path = tmp_path / "events.jsonl"
    async with both(table(f"file:{path}"), session) as told:
        assert (told.place, path.read_bytes()) == ({"url": f"file:{path}"}, told.body)


async def test_a_run(session: ClientSession, tmp_path: Path) -> None:
    """The command, its variables but for what it has of the daemon's, its stdin."""
    args = ["-c", 'env -0 > "$1/env"; cat > "$1/body"', "sh", str(tmp_path)]
    async with both(table("exec:/bin/sh", args=args), session) as told:
        pairs = (tmp_path / "env").read_bytes().split(b"\0")[:-1]
        found = dict(pair.decode().split("=", 1) for pair in pairs)
        assert (tmp_path / "body").read_bytes() == told.body
    own = {"PWD", "OLDPWD", "SHLVL", "_"}
    inherits = {"PATH", "HOME", "LANG", "TZ"}
    assert dict(told.headers) == {name: found[name] for name in found if name not in own | inherits}
    assert told.place == {"command": ["/bin/sh", *args], "inherits": ["PATH", "HOME", "LANG", "TZ"]}


async def test_nats(session: ClientSession, tmp_path: Path) -> None:
    """Subject, headers, body, at the url without its login."""
    login = 'authorization { user: me, password: "hush" }\n'
    with NatsServer(tmp_path, login) as server:
        async with server.stream("ORDERS", "orders.>", login={"user": "me", "password": "hush"}) as stream:
            url = server.url.replace("nats://", "nats://me:hush@")
            of = table(url, subject="orders.${event.type}", stream="ORDERS")
            async with both(of, session) as told:
                arrived = await stream.first()
        place = {"url": server.url, "subject": arrived.subject, "stream": "ORDERS"}
    assert (told.place, told.body, dict(told.headers)) == (place, arrived.data, dict(arrived.headers or {}))


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
async def test_redis(session: ClientSession, tmp_path: Path) -> None:
    """Stream and fields."""
    with RedisServer(tmp_path) as server:
        of = table(server.url("/0"), stream="box:${event.type}", maxlen=7)
        async with both(of, session) as told, server.asks() as client:
            found = cast("list[tuple[bytes, dict[bytes, bytes]]]", await client.xrange("box:order.paid"))
    ((_, fields),) = found
    assert fields.pop(b"body") == told.body
    assert {name.encode(): value.encode() for name, value in told.headers} == fields
    url = f"redis://127.0.0.1:{server.port}/0"
    assert told.place == {"url": url, "stream": "box:order.paid", "maxlen": 7}
    assert PASSWORD not in str(told.place)


@pytest.mark.xdist_group("rabbitmq")
async def test_amqp(session: ClientSession, rabbit: RabbitMq) -> None:
    """Exchange, routing key, id, headers."""
    of = table(rabbit.url(), routing_key="${'box'}")
    async with rabbit.queue("box") as queue, both(of, session) as told:
        arrived = await queue.first()
    properties = arrived.header.properties
    assert (told.body, dict(told.headers)) == (arrived.body, dict(properties.headers or {}))
    assert told.place == {
        "url": f"amqp://127.0.0.1:{rabbit.port}",
        "routing_key": arrived.routing_key,
        "exchange": arrived.exchange,
        "message_id": properties.message_id,
    }


async def test_kafka(session: ClientSession) -> None:
    """Topic, key, headers."""
    with KafkaCluster() as cluster:
        cluster.topic("order.paid")
        of = table(cluster.url, topic="${event.type}", key="${string(body.n)}", timeout="20s")
        async with both(of, session) as told:
            (record,) = await cluster.records("order.paid", 1)
    assert (told.body, told.place["topic"], told.place["key"]) == (record.value(), "order.paid", "1")
    assert record.key() == b"1"
    assert {name: value.encode() for name, value in told.headers} == dict(record.headers() or [])


def test_all_kinds_are_told() -> None:
    """Each kind of target has a test here."""
    tested = {"http", "log", "file", "exec", "nats", "redis", "amqp", "kafka"}
    assert tested == KINDS.keys()


async def test_a_certificate_is_no_secret_that_is_shown(session: ClientSession) -> None:
    """That one is shown is told, and no more."""
    auth = {"type": "mtls", "certificate": {"credential": "c"}, "key": {"credential": "k"}}
    for url, more in (
        ("https://box.invalid/", {}),
        ("tls://box.invalid", {"subject": "orders"}),
    ):
        of = unread(url, auth=auth, **more)
        maker = prepare_target("box", of)
        assert not isinstance(maker, list)
        told = await outgoing("box", of, message(to=maker(Means(session, ManualClock()))), START)
        assert told.place["certificate"] == "***"
