"""A connection to Redis on which commands follow each other without waiting for answers.

Imported only where redis-py is installed. It connects no second time by itself, repeats nothing, and asks for
nothing but the login and the database: a user who may do `XADD` only is enough.
"""

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from redis import exceptions as said
from redis.asyncio import Connection, SSLConnection
from typing_extensions import override

from relay.config.target import TargetConfig
from relay.deliver.targets.broker import address, secrets, shown, unreachable
from relay.deliver.targets.link import SharedLink
from relay.deliver.targets.protocol import Reply, Verdict

PORT: Final = 6379
IDLE_SECONDS: Final = 30
"""So long a connection may be silent before the system looks whether the other side is still there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was not carried out."""

    text: str
    code: str = ""
    """The server's own, such as `WRONGTYPE`; empty where it said none."""
    lost: bool = False
    """The connection is gone: it may have been carried out."""


class Link(SharedLink):
    """A connection, and those who wait for answers, which come in the order of the commands."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._writer = connection._writer  # noqa: SLF001  nothing else can cut it off
        self._turn = asyncio.Lock()
        self._asked: deque[asyncio.Future[Refusal | None]] = deque()
        self._lost: Refusal | None = None
        self._reader = asyncio.create_task(self._read())

    @property
    def lost(self) -> bool:
        return self._lost is not None

    async def ask(self, *command: bytes) -> Refusal | None:
        """Have a command carried out; None: it was."""
        packed = self._connection.pack_command(*command)
        async with self._turn:  # so that they are written in the order in which answers are awaited
            if not self._connection.is_connected:  # the client would make another, that nobody reads
                self._lose(Refusal("connection broken", lost=True))
            if self._lost is not None:
                return self._lost
            answer: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
            self._asked.append(answer)
            try:
                await self._connection.send_packed_command(packed, check_health=False)
            except said.RedisError as error:
                self._lose(refusal(error))
        return await answer

    async def _read(self) -> None:
        try:
            while True:
                try:
                    _check(await self._connection.read_response())
                    self._answer(None)
                except said.ResponseError as error:
                    self._answer(refusal(error))
        except Exception as error:  # noqa: BLE001  a stranger may answer anything
            self._lose(refusal(error))
        finally:
            await self._connection.disconnect(nowait=True)

    def _answer(self, answer: Refusal | None) -> None:
        asked = self._asked.popleft()
        if not asked.done():
            asked.set_result(answer)

    def _lose(self, why: Refusal) -> None:
        self._lost = self._lost or why
        while self._asked:
            self._answer(self._lost)

    @override
    def cut(self) -> None:
        self._reader.cancel()
        self._lose(Refusal("connection closed", lost=True))
        if self._writer is not None:
            self._writer.transport.abort()

    async def end(self) -> None:
        """Cut it off; who still waits is told so."""
        self.cut()
        await asyncio.wait({self._reader})


class Dial:
    """Makes connections: `Link`, or why there is none."""

    def __init__(self, table: TargetConfig, tls: ssl.SSLContext | None) -> None:
        there = address(table, PORT)
        self._tls = tls
        self._hidden = secrets(table)
        self._options: dict[str, Any] = {
            "host": there.host,
            "port": there.port,
            "username": there.user or None,
            "password": there.password,
            "db": int(there.path.strip("/") or 0),
            "protocol": 2,
            "driver_info": None,
            # how long things may take is our own matter, but for this:
            "socket_timeout": None,
            "socket_connect_timeout": None,
            "socket_keepalive_options": {
                socket.TCP_KEEPIDLE: IDLE_SECONDS,
                socket.TCP_KEEPINTVL: 5,
                socket.TCP_KEEPCNT: 3,
                # a host that acknowledges nothing for so many milliseconds is gone
                socket.TCP_USER_TIMEOUT: int(table.timeout * 1000),
            },
        }

    async def __call__(self) -> Link | Reply:
        connection = Connection(**self._options)
        if self._tls is not None:
            connection = SSLConnection(**self._options)
            connection.ssl_context.context = self._tls
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  as above
            return self._none(error)
        return Link(connection)

    def _none(self, error: Exception) -> Reply:
        """Why there is no connection."""
        if isinstance(error.__context__, OSError):
            return unreachable(error.__context__)
        why = shown(refusal(error).text, self._hidden)
        return Reply(Verdict.UNREACHABLE, error=f"no connection: {why}")


def _check(answer: object) -> None:
    """InvalidResponse where it is not the id of an entry, `1526919030474-55`."""
    if not isinstance(answer, bytes) or not answer.replace(b"-", b"", 1).isdigit():
        raise said.InvalidResponse


def refusal(error: Exception) -> Refusal:
    """What the server said, or what became of the connection."""
    code = str(getattr(error, "status_code", None) or "")
    text = f"the server says {code} {error}" if code else f"the server says {error}"
    match error:
        case said.ResponseError() if "unauthenticated" in text:  # a long command is not even read
            return Refusal("the server wants a login", lost=True)
        case said.ResponseError():
            return Refusal(text, code or str(error).partition(" ")[0])
        case said.ConnectionError() if code:  # it has said why it ends it
            return Refusal(text, code, lost=True)
        case said.ConnectionError() | said.TimeoutError():
            return Refusal("connection broken", lost=True)
    return Refusal("what answers is no Redis", lost=True)
