"""`url = "kafka://…"`: records of a topic. Delivered when all replicas that must have it do.

The producer is idempotent: what it sends again by itself, within an attempt, is written once. A later attempt
may write the record again, under the same `Idempotency-Key`.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from relay.config.locate import dotted
from relay.config.target import TargetConfig
from relay.deliver.targets.broker import Kept, address, missing, place, secrets, texts
from relay.deliver.targets.means import Maker
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.errors import Problem
from relay.template import OPEN, Unfit

if TYPE_CHECKING:
    from relay.deliver.targets.kafka_line import Line

PORT: Final = 9092
LONGEST: Final = 2**31 - 1
"""Milliseconds, as far as librdkafka counts."""
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_TOPIC_HINT: Final = "at most 249 letters, digits and ._-"


def prepare(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target of a table, or all that is wrong with it."""
    found = {
        "topic": _topic(name, table.topic or ""),
        "key": None if table.key is None else place(name, "key", table.key),
    }
    problems = [problem for one in found.values() if isinstance(one, list) for problem in one]
    problems += _half_login(name, table) + missing(name, "confluent_kafka", "kafka")
    if problems:
        return problems
    places = {key: one for key, one in found.items() if one is not None and not isinstance(one, list)}
    return lambda _means: KafkaTarget(table, places)


class KafkaTarget:
    """Topics of a Kafka cluster."""

    takes_senders_headers = False

    def __init__(self, table: TargetConfig, places: Mapping[str, Place]) -> None:
        self.places = places
        self._settings = _settings(table)
        self._hidden = secrets(table)
        self._seconds = table.timeout
        self._kept: Kept[Line] = Kept(self._connect, self._end, table.connect_timeout)

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        key = message.places.get("key")
        try:
            async with asyncio.timeout(self._seconds):
                line = await self._kept.get()
                if isinstance(line, Reply):
                    return line
                return await line.publish(
                    message.places["topic"],
                    None if key is None else key.encode("utf-8", "replace"),
                    message.body,
                    texts(message.headers),
                )
        except TimeoutError:
            return Reply(Verdict.FAILED, error=f"not acknowledged within {self._seconds:g} s")

    async def close(self) -> None:
        await self._kept.close()

    async def _connect(self) -> "Line | Reply":
        """It connects when there is something to send, and tells when it cannot."""
        from relay.deliver.targets.kafka_line import Line  # noqa: PLC0415  needs the extra

        return Line(self._settings, self._hidden, self._lost)

    def _lost(self, line: "Line") -> None:
        """The next send makes another, which logs in as the brokers want it."""
        self._kept.forget(line)
        if line.mechanism is not None:
            self._settings["sasl.mechanisms"] = line.mechanism

    async def _end(self, line: "Line") -> None:
        await line.end()


def _settings(table: TargetConfig) -> dict[str, Any]:
    """Librdkafka's configuration (its CONFIGURATION.md)."""
    there = address(table, PORT)
    patience = min(round(table.timeout * 1000), LONGEST)
    settings = {
        "bootstrap.servers": ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in there.hosts
        ),
        "client.id": "relay",
        "enable.idempotence": True,
        "acks": "all",
        # relay creates nothing at a broker, and does not wait for a topic to come into being
        "allow.auto.create.topics": False,
        "topic.metadata.propagation.max.ms": 0,
        "delivery.timeout.ms": patience,
        "request.timeout.ms": min(patience, 30_000),
        "socket.timeout.ms": min(max(patience, 10), 300_000),
        "socket.connection.setup.timeout.ms": min(max(round(table.connect_timeout * 1000), 1000), LONGEST),
        "linger.ms": 0,
        # how large a record may be the topic says; a batch stays small, for it is refused as a whole
        "message.max.bytes": 1_000_000_000,
        "batch.size": 65_536,
        "partitioner": "murmur2_random",  # as the Java client's: a key has one partition, whoever writes
        "enable.metrics.push": False,
    }
    if there.user is not None:
        settings |= {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "PLAIN",  # until the brokers say that they want another
            "sasl.username": there.user,
            "sasl.password": there.password or "",
        }
    return settings


def _half_login(name: str, table: TargetConfig) -> list[Problem]:
    """The problem of a user without a password, or the other way round: no way to log in takes it."""
    there = address(table, PORT)
    if there.user is None or (there.user and there.password):
        return []
    path = dotted(["target", name, "url" if table.auth is None else "auth"])
    return [Problem(path, "a login at Kafka has a user and a password", 'auth = { type = "basic", … }')]


def _topic(name: str, text: str) -> Place | list[Problem]:
    """The place of a `topic`, or what is wrong with it."""
    found = place(name, "topic", text)
    if isinstance(found, list):
        return found
    if OPEN not in text and not _is_topic(text):
        return [Problem(dotted(["target", name, "topic"]), "is no name of a topic", _TOPIC_HINT)]

    def name_of(variables: Mapping[str, Any], budget: int) -> str:
        topic = found(variables, budget)
        if not _is_topic(topic):
            raise Unfit(f"the topic is no name of one: {_TOPIC_HINT}")
        return topic

    return name_of


def _is_topic(text: str) -> bool:
    """What Kafka takes as a topic's name."""
    return _TOPIC.fullmatch(text) is not None and text not in {".", ".."}
