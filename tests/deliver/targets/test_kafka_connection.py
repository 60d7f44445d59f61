"""Kafka, on the cluster inside librdkafka: how brokers are lost and found, and who may write."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import kafka
from relay.deliver.targets.protocol import Reply, Target, Verdict
from tests.deliver.targets.kafka_guard import Guard
from tests.deliver.targets.kafka_server import KafkaCluster
from tests.deliver.targets.listener import Deaf, free_port
from tests.deliver.targets.opener import Opener, opener, send
from tests.eventually import eventually

PASSWORD = "secret-word/1"


@pytest.fixture
def cluster() -> Iterator[KafkaCluster]:
    """Of two brokers; the first leads the topic `orders`."""
    with KafkaCluster(brokers=2) as started:
        started.topic("orders")
        started.lead("orders", 1)
        yield started


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """Kafka targets, of which nothing is left in the end."""
    async with opener(kafka.prepare, session, topic="orders") as made:
        yield made
    await no_threads()


async def no_threads() -> None:
    """Return when no producer is left: one that was lost ends by itself."""
    await eventually(lambda: "relay-kafka" not in {thread.name for thread in threading.enumerate()})


async def under_way(target: Target, count: int) -> None:
    """Return when so many sends wait for an answer."""
    assert isinstance(target, kafka.KafkaTarget)
    await eventually(lambda: target._kept._held is not None and len(target._kept._held._waiting) == count)


async def test_down_and_back(cluster: KafkaCluster, opened: Opener) -> None:
    """What is under way when the last broker goes fails at once; what comes after its return goes through."""
    target = opened(cluster.url)
    assert (await send(target)).verdict is Verdict.TAKEN
    cluster.slow(20)
    waiting = [asyncio.create_task(send(target, n)) for n in range(2, 12)]
    await under_way(target, 10)
    cluster.down(2)
    cluster.down(1)
    for reply in await asyncio.gather(*waiting):
        assert reply.verdict is Verdict.UNREACHABLE
        assert str(reply.error).startswith("connection lost")
    assert (await send(target)).verdict is Verdict.UNREACHABLE
    cluster.slow(0)
    cluster.up(1)
    assert (await send(target)).verdict is Verdict.TAKEN


async def test_another_leads(cluster: KafkaCluster, opened: Opener) -> None:
    """When one of two brokers goes and the other leads, sends go on as if nothing had been."""
    target = opened(cluster.url)
    assert (await send(target)).verdict is Verdict.TAKEN
    cluster.down(1)
    cluster.lead("orders", 2)
    assert await send(target, 2) == Reply(Verdict.TAKEN)
    assert len(await cluster.records("orders", 2)) == 2


async def test_one_of_several_hosts(cluster: KafkaCluster, opened: Opener) -> None:
    """One host of the url that is there is enough."""
    nobody = f"127.0.0.1:{free_port()}"
    urls = (f"kafka://{nobody},{cluster.hosts}", f"kafka://{cluster.hosts},{nobody}")
    replies = await asyncio.gather(*(send(opened(url)) for url in urls))
    assert [reply.verdict for reply in replies] == [Verdict.TAKEN] * 2


async def test_silent(cluster: KafkaCluster, opened: Opener) -> None:
    """A broker that does not answer costs the attempt's timeout."""
    target = opened(cluster.url)
    assert isinstance(target, kafka.KafkaTarget)
    assert (await send(target)).verdict is Verdict.TAKEN
    cluster.slow(60)
    target._seconds = 0.05  # the first record alone takes longer
    assert await send(target, 2) == Reply(Verdict.FAILED, error="not acknowledged within 0.05 s")


async def test_nobody_there(opened: Opener) -> None:
    """Said in words, without the address; all who wait are told."""
    replies = []
    for host in (
        f"127.0.0.1:{free_port()}",
        f"127.0.0.1:{free_port()},[::1]:{free_port()}",
        "nowhere.invalid",
    ):
        target = opened(f"kafka://{host}")
        replies.append(set(await asyncio.gather(*(send(target, n) for n in range(1, 101)))))
    assert [{reply.verdict for reply in each} for each in replies] == [{Verdict.UNREACHABLE}] * 3
    assert {reply.error for reply in replies[0] | replies[1]} == {"no connection: Connection refused"}
    (reply,) = replies[2]
    assert str(reply.error).startswith("no connection: Failed to resolve: ")


async def test_slow_to_connect(opened: Opener) -> None:
    """No word within `connect_timeout`: it is not there. A second is the shortest that librdkafka knows."""
    async with Deaf() as deaf:
        reply = await send(opened(f"kafka://127.0.0.1:{deaf.port}", connect_timeout="50ms"))
        await no_threads()
    assert reply == Reply(Verdict.UNREACHABLE, error="no connection in time")


async def test_cancelled(opened: Opener) -> None:
    """A send that is cancelled leaves no task, and a target that is closed no thread."""
    async with Deaf() as deaf:
        before = asyncio.all_tasks()
        target = opened(f"kafka://127.0.0.1:{deaf.port}")
        task = asyncio.create_task(send(target))
        await deaf.spoken_to.wait()
        task.cancel()
        await asyncio.wait({task})
        await target.close()
        await deaf.closed.wait()
        await eventually(lambda: asyncio.all_tasks() <= before)


# logins


async def test_login(opened: Opener) -> None:
    """By `auth`, or in the url; a wrong password is told without showing it."""
    with KafkaCluster() as cluster:
        cluster.topic("orders")
        async with Guard(cluster.hosts, ("relay", PASSWORD)) as guard:
            cluster.known_as(guard.port)
            url = f"kafka://127.0.0.1:{guard.port}"
            basic = {"type": "basic", "user": "relay", "password": PASSWORD}
            quoted = PASSWORD.replace("/", "%2F")
            targets = (
                opened(url, auth=basic),
                opened(f"kafka://relay:{quoted}@127.0.0.1:{guard.port}"),
                opened(url, auth=basic | {"password": "no-secret"}),
            )
            replies = await asyncio.gather(*map(send, targets))
            for target in targets:
                await target.close()
            await no_threads()
    assert [reply.verdict for reply in replies] == [Verdict.TAKEN, Verdict.TAKEN, Verdict.UNREACHABLE]
    assert "wrong: ***" in str(replies[2].error)


async def test_wants_another_login(opened: Opener) -> None:
    """Brokers that do not take PLAIN are asked for the best that they offer; they were shown no password."""
    with KafkaCluster() as cluster:
        async with Guard(cluster.hosts, ("relay", PASSWORD), ("SCRAM-SHA-256", "SCRAM-SHA-512")) as guard:
            target = opened(f"kafka://relay:word@127.0.0.1:{guard.port}")
            reply = await send(target)
            assert reply.verdict is Verdict.UNREACHABLE
            assert "supported mechanisms: SCRAM-SHA-256,SCRAM-SHA-512" in str(reply.error)
            assert (await send(target)).verdict is Verdict.UNREACHABLE
            assert (guard.asked[0], guard.asked[-1]) == ("PLAIN", "SCRAM-SHA-512")
            await no_threads()
