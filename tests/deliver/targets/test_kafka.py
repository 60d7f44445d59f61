"""Kafka, on the cluster inside librdkafka: what arrives, and what its answers mean.

A producer needs half a second before its first record, so these share one, and the loop that it belongs to.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from confluent_kafka import KafkaError, Message

from relay.deliver.targets import kafka
from relay.deliver.targets.protocol import Reply, Target, Verdict
from tests.deliver.owed import event
from tests.deliver.targets.kafka_server import KafkaCluster
from tests.deliver.targets.listener import Deaf, free_port
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.promises import Kind, Promises
from tests.eventually import PATIENCE

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("kafka")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    """Of one broker, with a topic `orders`."""
    with KafkaCluster() as started:
        started.topic("orders")
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[Opener]:
    """Kafka targets that need no session."""
    async with ClientSession() as session, opener(kafka.prepare, session, topic="orders") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def target(cluster: KafkaCluster, opened: Opener) -> Target:
    """At the topic that an event names, else `orders`, under the key that it names, else `k`."""
    return opened(cluster.url, topic='${body.?topic.orValue("orders")}', key='${body.?key.orValue("k")}')


def topic(cluster: KafkaCluster, name: str, partitions: int = 1) -> bytes:
    """A body that goes to a new topic."""
    cluster.topic(name, partitions)
    return f'{{"topic":"{name}"}}'.encode()


def headers(record: Message) -> dict[str, bytes]:
    found = dict(record.headers() or [])
    return {name: value for name, value in found.items() if isinstance(value, bytes)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kind(cluster: KafkaCluster, opened: Opener) -> AsyncIterator[Kind]:
    """For all promises the same."""
    async with Deaf() as deaf:
        hanging = opened(f"kafka://127.0.0.1:{deaf.port}")
        gone = opened(f"kafka://127.0.0.1:{free_port()}")
        yield Kind(opened(cluster.url), hanging, gone, deaf.spoken_to.wait)
        await hanging.close()


class TestKafka(Promises):
    """`kafka://…`."""


# what arrives


async def test_record(cluster: KafkaCluster, target: Target) -> None:
    """The body as it is, with our headers and the route's, under the key of the event."""
    body = topic(cluster, "record")[:-1] + b',"key":"Z\xc3\xbcrich"}'
    assert await send(target, of=event(3, body), headers={"X-Order": "Zürich ✓"}) == Reply(Verdict.TAKEN)
    (record,) = await cluster.records("record", 1)
    assert (record.key(), record.value()) == ("Zürich".encode(), body)
    found = headers(record)
    assert found.pop("traceparent").startswith(b"00-")
    assert found == {
        "Content-Type": b"application/json",
        "Relay-Event-Id": f"{3:020x}".encode(),
        "Relay-Source": b"shop",
        "Relay-Type": b"order.paid",
        "Relay-Attempt": b"1",
        "Idempotency-Key": f"{3:020x}-1".encode(),
        "X-Order": "Zürich ✓".encode(),
    }


async def test_any_bytes(cluster: KafkaCluster, opened: Opener) -> None:
    """Two megabytes that are no text arrive bit for bit; without `key` the record has none."""
    cluster.topic("bytes")
    body = bytes(range(256)) * 8192
    assert (await send(opened(cluster.url, topic="bytes"), of=event(body=body))).verdict is Verdict.TAKEN
    (record,) = await cluster.records("bytes", 1)
    assert (record.value(), record.key()) == (body, None)


async def test_partition(cluster: KafkaCluster, target: Target) -> None:
    """A key has the partition that the Java client gives it (its murmur2 of "foobar" is -790332482)."""
    body = topic(cluster, "parts", 8)[:-1] + b',"key":"foobar"}'
    assert (await send(target, of=event(body=body))).verdict is Verdict.TAKEN
    assert [cluster.count("parts", each) for each in range(8)].index(1) == (-790332482 & 0x7FFFFFFF) % 8


async def test_hundred_at_once(cluster: KafkaCluster, target: Target) -> None:
    """A hundred sends have each its own answer, and each record is there once."""
    body = topic(cluster, "hundred")
    replies = await asyncio.gather(*(send(target, of=event(n, body)) for n in range(100)))
    assert {reply.verdict for reply in replies} == {Verdict.TAKEN}
    records = await cluster.records("hundred", 100)
    assert {headers(record)["Relay-Event-Id"] for record in records} == {
        f"{n:020x}".encode() for n in range(100)
    }


# what the answers mean


async def test_sent_again_by_itself(cluster: KafkaCluster, target: Target) -> None:
    """What a broker cannot take just now is sent again within the attempt, and written once."""
    body = topic(cluster, "again")
    cluster.fail(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.NOT_ENOUGH_REPLICAS)
    assert await send(target, of=event(body=body)) == Reply(Verdict.TAKEN)
    assert cluster.count("again") == 1


async def test_no_such_topic(cluster: KafkaCluster, target: Target) -> None:
    """A topic that does not exist is a failed attempt, told at once; relay does not make it."""
    lost = event(body=b'{"topic":"nowhere"}')
    for _ in range(2):
        assert await send(target, of=lost) == Reply(Verdict.FAILED, error="there is no such topic")
    assert "nowhere" not in cluster.names()


async def test_topic_made_later(cluster: KafkaCluster, target: Target) -> None:
    """When somebody has made it, it is found."""
    soon = event(body=b'{"topic":"soon"}')
    assert (await send(target, of=soon)).verdict is Verdict.FAILED
    cluster.topic("soon")
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while (await send(target, of=soon)).verdict is not Verdict.TAKEN:
        assert loop.time() < end


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        (KafkaError.MSG_SIZE_TOO_LARGE, Verdict.REFUSED, "Message size too large"),
        (KafkaError.INVALID_RECORD, Verdict.REFUSED, "Broker failed to validate record"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Verdict.FAILED, "Topic authorization failed"),
    ],
    ids=["too large", "invalid", "not allowed"],
)
async def test_refused(
    cluster: KafkaCluster, target: Target, code: int, verdict: Verdict, words: str
) -> None:
    """What judges the record is the event's own matter; all else is a failed attempt."""
    cluster.fail(code)
    assert await send(target) == Reply(verdict, error=f"refused: {words}")


async def test_producer_ends(cluster: KafkaCluster, opened: Opener) -> None:
    """Where sequence numbers do not fit any more the producer ends, and the next send makes another."""
    target = opened(cluster.url)
    await send(target)
    cluster.fail(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
    reply = await send(target, 2)
    assert (reply.verdict, bool(reply.error)) == (Verdict.UNREACHABLE, True)
    assert await send(target, 3) == Reply(Verdict.TAKEN)
