"""A Kafka cluster: the mock one inside librdkafka, at real sockets, in the true wire format.

A real one is not to be had from the registries that the tests use. This one keeps records, checks sequence
numbers, and can be told to fail; its interface is that of `rdkafka_mock.h`.
"""

import asyncio
import ctypes
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import confluent_kafka
from confluent_kafka import Consumer, Message, TopicPartition

PRODUCER: Final = 0
PRODUCE: Final = 0
"""The number of the request that brings records."""
PATIENCE: Final = 20.0


def _library() -> ctypes.CDLL:
    """The very library that confluent-kafka has loaded."""
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    (path,) = folder.glob("librdkafka*.so*")
    library = ctypes.CDLL(str(path))
    pointers = ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new")
    for name in pointers:
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class KafkaCluster:
    """Used with `with`. Brokers are counted from 1."""

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = brokers

    def __enter__(self) -> Self:
        self._library = _library()
        config = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        self._library.rd_kafka_conf_set(config, b"log_level", b"0", None, 0)
        self._client = ctypes.c_void_p(self._library.rd_kafka_new(PRODUCER, config, None, 0))
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._client, self._brokers))
        self.hosts: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    def _call(self, name: str, *words: Any) -> None:
        error = getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *words)
        assert error == 0, f"{name}: {error}"

    @property
    def url(self) -> str:
        return f"kafka://{self.hosts}"

    def topic(self, name: str, partitions: int = 1) -> None:
        self._call("topic_create", name.encode(), partitions, self._brokers)

    def known_as(self, port: int) -> None:
        """The port of 127.0.0.1 under which its first broker is to be reached."""
        self._call("broker_set_host_port", 1, b"127.0.0.1", port)

    def lead(self, topic: str, broker: int) -> None:
        """That broker leads the topic's first partition."""
        self._call("partition_set_leader", topic.encode(), 0, broker)

    def down(self, broker: int = 1) -> None:
        """Connections to it end, and it takes no others."""
        self._call("broker_set_down", broker)

    def up(self, broker: int = 1) -> None:
        self._call("broker_set_up", broker)

    def slow(self, seconds: float, broker: int = 1) -> None:
        """So long does it take to answer."""
        self._call("broker_set_rtt", broker, round(seconds * 1000))

    def fail(self, *errors: int) -> None:
        """What the next requests that bring records are answered."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(PRODUCE), ctypes.c_size_t(len(errors)), array
        )

    async def records(self, topic: str, count: int, partition: int = 0) -> list[Message]:
        """The first of a partition, as many as they are said to be."""
        return await asyncio.to_thread(self._records, topic, count, partition)

    def _records(self, topic: str, count: int, partition: int) -> list[Message]:
        words = {"bootstrap.servers": self.hosts, "group.id": "tests", "log_level": 0}
        reader = Consumer({**words, "enable.auto.commit": False, "allow.auto.create.topics": False})
        try:
            reader.assign([TopicPartition(topic, partition, 0)])
            return reader.consume(count, PATIENCE)
        finally:
            reader.close()

    def count(self, topic: str, partition: int = 0) -> int:
        """How many there are in a partition."""
        words: dict[str, str | int] = {"bootstrap.servers": self.hosts, "group.id": "tests", "log_level": 0}
        reader = Consumer(words)
        try:
            first, after_last = reader.get_watermark_offsets(TopicPartition(topic, partition), PATIENCE)
            return int(after_last - first)
        finally:
            reader.close()

    def names(self) -> set[str]:
        """The topics there are."""
        reader = Consumer({"bootstrap.servers": self.hosts, "group.id": "tests", "log_level": 0})
        try:
            return set(reader.list_topics(timeout=PATIENCE).topics)
        finally:
            reader.close()
