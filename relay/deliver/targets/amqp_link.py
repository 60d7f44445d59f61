"""A connection to an AMQP broker, and the channels on it.

Imported only where aiormq is installed. It connects no second time by itself; what it has to say stands in
replies, and its log is off, for whole messages would stand there.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import aiormq
from aiormq import exceptions as said
from aiormq.abc import AbstractChannel, AbstractConnection
from typing_extensions import override
from yarl import URL

from relay.config.secret import Secret
from relay.config.target import MtlsAuth, TargetConfig
from relay.deliver.targets.broker import address, secrets, shown, unreachable
from relay.deliver.targets.link import SharedLink
from relay.deliver.targets.protocol import Message, Reply, Verdict

CHANNELS: Final = 256
"""At once on a connection, and never more than half of what the broker allows (RabbitMQ: 2,047)."""
HEARTBEAT: Final = 30
"""Seconds between signs of life; a connection without them for three times as long is lost."""
PORTS: Final = {"amqp": 5672, "amqps": 5671}
LONGEST: Final = 255
"""Bytes of a property."""
SHUTDOWN_SECONDS: Final = 0.1
"""How long TLS may take to end: a peer that is not there any more does not answer."""
FRAME_ROOM: Final = 1024
"""Bytes of a frame that are not the headers' own."""

logging.getLogger("aiormq").setLevel(logging.CRITICAL)


class Link(SharedLink):
    """Messages on their way at the same time have a channel each: a broker that is sent what it does not take
    closes the channel, and forgets whatever else was on its way there.
    """

    def __init__(self, connection: AbstractConnection, wire: "Wire", hidden: tuple[Secret, ...]) -> None:
        super().__init__()
        self._connection = connection
        self._wire = wire
        self._hidden = hidden
        self._idle: list[AbstractChannel] = []
        self._last = 0
        self._most = connection.connection_tune.channel_max or 65535
        self._room = asyncio.Semaphore(max(1, min(CHANNELS, self._most // 2)))
        self._cut_off = False

    @property
    def lost(self) -> bool:
        return self._cut_off or not self._connection.is_opened

    @property
    def header_bytes(self) -> int | None:
        """How much a message's headers may be: they have to fit into a frame. None: no limit."""
        return max(0, self._connection.connection_tune.frame_max - FRAME_ROOM) or None

    async def publish(self, message: Message, headers: Mapping[str, str], exchange: str) -> Reply:
        """Return when the broker has confirmed or refused it."""
        async with self._room:
            return await self._publish(message, headers, exchange)

    async def _publish(self, message: Message, headers: Mapping[str, str], exchange: str) -> Reply:
        key = message.places["routing_key"]
        channel: AbstractChannel | None = None
        try:
            channel = await self._channel()
            await channel.basic_publish(
                message.body,
                exchange=exchange,
                routing_key=key,
                properties=_properties(message, headers),
                mandatory=True,
            )
        except Exception as error:  # noqa: BLE001  the client ends its waiters with whatever it had
            return self._not_taken(error, exchange, key)
        except asyncio.CancelledError as error:
            if _wanted():
                raise
            return self._not_taken(error, exchange, key)
        finally:
            if channel is not None and not channel.is_closed:
                self._idle.append(channel)
        return Reply(Verdict.TAKEN)

    async def _channel(self) -> AbstractChannel:
        while self._idle:
            channel = self._idle.pop()
            if not channel.is_closed:
                return channel
        return await self._connection.channel(self._number(), on_return_raises=True)

    def _number(self) -> int:
        """The free one that was used longest ago. The client would take one again whose end the broker has
        announced, before it has told the broker that it knows: an error that ends the connection.
        """
        while True:
            self._last = self._last % self._most + 1
            if self._last not in self._connection.channels:
                return self._last

    def _not_taken(self, error: BaseException, exchange: str, key: str) -> Reply:
        match error:
            case said.PublishError():
                at = f'the exchange "{exchange}"' if exchange else "the default exchange"
                why = f'unroutable: no queue is bound for "{key}" at {at}'
                return Reply(Verdict.FAILED, error=shown(why, self._hidden))
            case said.DeliveryError():
                return Reply(Verdict.FAILED, error="a queue refused it, or could not keep it (nack)")
            case said.ChannelPreconditionFailed():  # too large, most often
                return Reply(Verdict.REFUSED, error=_words(error, self._hidden))
            case said.AMQPChannelError():
                return Reply(Verdict.FAILED, error=_words(error, self._hidden))
        self.cut()
        why = _words(error, self._hidden) if isinstance(error, said.ConnectionClosed) else "connection broken"
        return Reply(Verdict.UNREACHABLE, error=why)

    async def open(self) -> None:
        """Return when the broker takes messages: one that is short of memory or disk says so."""
        await self._connection.ready()

    async def blocked(self) -> bool:
        """Whether it takes none at the moment."""
        try:
            async with asyncio.timeout(0):
                await self.open()
        except TimeoutError:
            return True
        return False

    @override
    def cut(self) -> None:
        self._cut_off = True
        self._wire.cut()

    async def end(self) -> None:
        """Take leave of the broker; where that does not come to its end, it is cut off."""
        try:
            await self._connection.close()
        finally:
            self.cut()


def _properties(message: Message, headers: Mapping[str, str]) -> aiormq.spec.Basic.Properties:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return aiormq.spec.Basic.Properties(
        content_type=kind if len(kind.encode()) <= LONGEST else None,
        headers={**headers},
        delivery_mode=2,  # persistent
        message_id=message.key,
    )


def _wanted() -> bool:
    """Whether a cancel is meant for us: the client cancels its waiters, too, when it loses its connection."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _words(error: BaseException, hidden: tuple[Secret, ...]) -> str:
    return shown(f"the broker says {error.args[-1] if error.args else 'nothing'}", hidden)


class Dial:
    """Makes connections: `Link`, or why there is none."""

    def __init__(self, name: str, table: TargetConfig, tls: ssl.SSLContext | None) -> None:
        there = address(table, PORTS[table.scheme])
        self._host = there.hosts[0]
        self._tls = tls
        self._seconds = table.timeout
        self._title: dict[str, Any] = {"connection_name": f"relay: {name}"}
        self._vhost = unquote(there.path[1:]) or "/"
        self._hidden = secrets(table)
        # a certificate alone is a login, too
        certificate = isinstance(table.auth, MtlsAuth) and there.user is None
        self._url = URL.build(
            scheme=table.scheme,
            host=there.host,
            port=there.port,
            user=there.user,
            password=there.password,
            path="/",
            query={"heartbeat": str(HEARTBEAT), "auth": "EXTERNAL" if certificate else "PLAIN"},
        )

    async def __call__(self) -> Link | Reply:
        wire = Wire(self._host, self._tls, self._seconds)
        connection = Roomy(self._url, transport_factory=wire, client_properties=self._title)
        connection.vhost = self._vhost
        try:
            await connection.connect()
        except Exception as error:  # noqa: BLE001  it has many, for whatever a peer may say
            return self._none(error)
        return Link(connection, wire, self._hidden)

    def _none(self, error: Exception) -> Reply:
        """Why there is no connection."""
        if isinstance(error.__cause__, OSError | EOFError):
            return unreachable(error.__cause__)
        match error:
            case said.AuthenticationError():
                why = "this way to log in is not offered"
            case said.AMQPConnectionError():
                why = _words(error, self._hidden)
            case said.InvalidFrameError() if "OpenOk" in str(error):
                why = "the vhost is not there, or not this user's to enter"
            case OSError():
                return unreachable(error)
            case _:
                why = "what answers is no AMQP broker"
        return Reply(Verdict.UNREACHABLE, error=f"no connection: {why}")


class Roomy(aiormq.Connection):
    """The client's, with a queue of frames that is never full: it drops the answer to the end of a channel
    where there is no room for it, and then neither side can use that channel again.
    """

    FRAME_BUFFER_SIZE = 4 * CHANNELS


class Wire(aiormq.TransportFactory):
    """The socket under a connection."""

    def __init__(self, host: tuple[str, int], tls: ssl.SSLContext | None, seconds: float) -> None:
        """`seconds`: a host that acknowledges nothing for so long is gone."""
        self._host = host
        self._tls = tls
        self._seconds = seconds
        self._writer: asyncio.StreamWriter | None = None

    @override
    async def create(self, url: URL, **_options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        options: dict[str, Any] = (
            {"ssl": self._tls, "ssl_shutdown_timeout": SHUTDOWN_SECONDS} if self._tls else {}
        )
        reader, writer = await asyncio.open_connection(*self._host, **options)
        self._writer = writer
        plug = writer.get_extra_info("socket")
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._seconds * 1000))
        return reader, writer

    def cut(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
