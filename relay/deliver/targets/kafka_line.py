"""One producer of librdkafka, and what brokers answer to each message: all that knows confluent-kafka.

librdkafka has threads of its own; one more hands its words to the loop. Within a message's time it finds new
leaders and sends again under the same sequence number, so that nothing is written twice. It would look for
brokers for ever: where all of them are down, the producer is ended, and the next send makes another.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Record

from relay.config.secret import Secret
from relay.deliver.targets.broker import shown
from relay.deliver.targets.protocol import Reply, Verdict

POLL_SECONDS: Final = 0.1
"""After which the thread looks whether it is over."""
ALL_DOWN: Final = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001  so they are called for all to use
TIMED_OUT: Final = KafkaError._MSG_TIMED_OUT  # noqa: SLF001  (as above)
UNKNOWN: Final = frozenset({KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART})  # noqa: SLF001  (as above)
JUDGED: Final = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD}
)
"""Errors that are the message's own."""
SCRAM: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256")
"""Ways to log in that show no password, the better one first."""
SILENT: Final = logging.Logger("librdkafka", logging.CRITICAL + 1)  # noqa: LOG001  nobody's to turn on
"""What it has to say is heard from its errors."""
_BROKER: Final = re.compile(r"^(?:\w+://)?[^\s/]+/(?:bootstrap|[0-9]+): (?:Connect to \S+ failed: )?")
"""What librdkafka says first: where it was."""
_AFTER: Final = re.compile(r" \(after [0-9]+ms in state \w+\)|(?<=resolve) '[^']*'")


class Line:
    """A producer, until `lost` is called with it."""

    def __init__(
        self, settings: Mapping[str, Any], hidden: tuple[Secret, ...], lost: "Callable[[Line], object]"
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._hidden = hidden
        self._tell = lost
        self._up = True
        self._connected = False
        self._why = ""
        self.mechanism: str | None = None
        """The way to log in that the brokers want instead of the one that was tried."""
        self._waiting: set[asyncio.Future[Reply]] = set()
        self._over = threading.Event()
        self._ended = asyncio.Event()
        own = {"error_cb": partial(self._post, self._hear), "logger": SILENT}
        self._producer = Producer({**settings, **own})
        threading.Thread(target=self._run, name="relay-kafka", daemon=True).start()

    # sending

    async def publish(self, topic: str, key: bytes | None, body: bytes, headers: dict[str, str]) -> Reply:
        """What the brokers say to a message, within the time that the settings give it."""
        if not self._up:
            return self._lost()
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting.add(answer)
        try:
            self._producer.produce(
                topic,
                body,
                key,
                headers=[(name, value.encode()) for name, value in headers.items()],
                on_delivery=partial(self._post, self._settle, answer),
            )
            return await answer
        except BufferError:
            return Reply(Verdict.FAILED, error="too much is waiting for the brokers")
        except KafkaException as error:
            return self._judged(error.args[0])
        finally:
            self._waiting.discard(answer)

    def _settle(self, answer: "asyncio.Future[Reply]", error: KafkaError | None, _record: Record) -> None:
        if error is None:
            self._connected, self._why = True, ""
        if not answer.done():
            answer.set_result(Reply(Verdict.TAKEN) if error is None else self._judged(error))

    def _judged(self, error: KafkaError) -> Reply:
        if error.code() == TIMED_OUT:
            return Reply(Verdict.FAILED, error=f"not acknowledged in time{self._because()}")
        if error.code() in UNKNOWN:
            return Reply(Verdict.FAILED, error="there is no such topic")
        verdict = Verdict.REFUSED if error.code() in JUDGED else Verdict.FAILED
        return Reply(verdict, error=f"refused: {self._words(error)}")

    # ending

    async def end(self) -> None:
        """Return when nothing of it is left; what was not acknowledged is let go."""
        self._up = False
        self._over.set()
        await self._ended.wait()

    def _hear(self, error: KafkaError) -> None:
        """What librdkafka says of its brokers, not of one message."""
        down = error.code() == ALL_DOWN
        if not down:
            self._why = self._words(error)
            self.mechanism = self.mechanism or _wanted(self._why)
        if self._up and (down or error.fatal()):
            self._up = False
            self._over.set()
            self._tell(self)
            for answer in self._waiting:
                if not answer.done():
                    answer.set_result(self._lost())

    def _lost(self) -> Reply:
        if self._connected:
            return Reply(Verdict.UNREACHABLE, error=f"connection lost{self._because()}")
        return Reply(Verdict.UNREACHABLE, error=f"no connection{self._because() or ' in time'}")

    def _because(self) -> str:
        return f": {self._why}" if self._why else ""

    def _words(self, error: KafkaError) -> str:
        text = _AFTER.sub("", _BROKER.sub("", error.str()))
        return shown(text.removeprefix("Broker: ").removeprefix("Local: "), self._hidden)

    # its thread

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._producer.poll(POLL_SECONDS)
            except KafkaException as error:  # one that ends the producer is raised
                self._post(self._hear, error.args[0])
                break
        self._producer.purge()
        self._producer.close()
        self._post(self._ended.set)

    def _post(self, call: Callable[..., object], *words: object) -> None:
        """Let the loop call it, if there still is one."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *words)


def _wanted(text: str) -> str | None:
    """The best of what brokers offer who do not take the way that was tried."""
    _, _, offered = text.partition("supported mechanisms: ")
    return next((each for each in SCRAM if each in offered.split(",")), None)
