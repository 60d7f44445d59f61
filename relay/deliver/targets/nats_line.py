"""One connection to a NATS server, and what JetStream answers to each message: all that knows nats-py.

That client is made to do one thing: connect once, publish, and tell at once when the connection is lost.
Left to itself (2.16) it connects again for ever, lets requests of a lost connection run into their timeouts,
goes on without TLS where `tls://` meets a server that offers none, and leaves sockets open where connecting
fails. What is done about it uses private names of it, so `pyproject.toml` pins it to its minor version.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import AuthorizationError, Error, SecureConnWantedError
from typing_extensions import override

from relay.config.secret import Secret
from relay.deliver.targets.broker import Address, reason, shown, unreachable
from relay.deliver.targets.protocol import Reply, Verdict

LONG: Final = 3600
"""Seconds: bounds of nats-py's own that are to be none."""
PING_SECONDS: Final = 20
"""Between pings of an idle connection; two that are not answered end it."""
TOO_LARGE: Final = frozenset({10054, 10097})
"""JetStream's errors that judge the message: it, or its headers, are larger than the stream takes."""
NO_RESPONDERS: Final = "503"
TAKEN: Final = Reply(Verdict.TAKEN)


class _Client(Client):
    """nats-py's, which looks at the server's first words before it says anything, and can be cut off."""

    wants_tls = False

    @property
    def reading(self) -> "asyncio.Task[None] | None":
        """Runs while the connection does; None: there has been none yet."""
        return self._reading_task

    def cut(self) -> None:
        """Leave no socket open, whatever state all else is in. TLS has a writer on top of the socket's."""
        both = (
            getattr(self._transport, "_io_writer", None),
            getattr(self._transport, "_bare_io_writer", None),
        )
        for writer in both:
            if writer is not None:
                writer.transport.abort()
        for listening in self._subs.values():
            task = getattr(listening, "_wait_for_msgs_task", None)  # goes on where closing failed half-way
            if task is not None:
                task.cancel()

    @override
    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        """Without TLS nothing is said to a server that was to be reached by `tls://`."""
        if self.wants_tls and initial_connection and not info.get("tls_required"):
            raise SecureConnWantedError
        await super()._process_info(info, initial_connection)


class Line:
    """A connection that is up, until `lost` is called with it."""

    def __init__(self, hidden: tuple[Secret, ...], lost: "Callable[[Line], object]") -> None:
        self._client = _Client()
        self._hidden = hidden
        self._tell = lost
        self._up = False
        self._deaf = ""
        self._inbox = ""
        self._count = 0
        self._waiting: dict[str, tuple[str, asyncio.Future[Reply]]] = {}

    async def connect(self, address: Address, tls: ssl.SSLContext | None) -> Reply | None:
        """None: it is up. Else why not, and nothing is left of it. The caller sets the bound."""
        try:
            failed = await self._connect(address, tls)
        except BaseException:
            await self.end()
            raise
        if failed is not None:
            await self.end()
        return failed

    async def _connect(self, address: Address, tls: ssl.SSLContext | None) -> Reply | None:
        client = self._client
        client.wants_tls = tls is not None
        host = f"[{address.host}]" if ":" in address.host else address.host
        token = address.token or (address.user if address.password is None else None)
        try:
            await client.connect(
                f"{'nats' if tls is None else 'tls'}://{host}:{address.port}",
                error_cb=self._failed,
                name="relay",
                allow_reconnect=False,
                connect_timeout=LONG,
                ping_interval=PING_SECONDS,
                pending_size=0,  # above it, nats-py swallows a cancel
                tls=tls,
                user=address.user if address.password is not None else None,
                password=address.password,
                token=token,
            )
            return await self._listen()
        except Error as error:
            return Reply(Verdict.UNREACHABLE, error=f"no connection: {self._words(error)}")
        except OSError as error:
            return unreachable(error)

    async def _listen(self) -> Reply | None:
        """Subscribe to the answers, and wait until the server has seen it."""
        client, reading = self._client, self._client.reading
        if not client.is_connected or reading is None:
            return Reply(Verdict.UNREACHABLE, error="no connection: closed by the server")
        reading.add_done_callback(self._gone)
        self._up = True
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._hear)
        seen = asyncio.ensure_future(client.flush(LONG))
        try:
            await asyncio.wait({seen, reading}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            seen.cancel()
        if seen.done():
            seen.result()
        if self._deaf:
            return Reply(Verdict.UNREACHABLE, error=f"no answers can be had: {self._deaf}")
        return None if self._up else self._broken()

    # sending

    async def publish(self, subject: str, body: bytes, headers: dict[str, str]) -> Reply:
        """What JetStream says to a message. It waits for ever: the caller sets the bound."""
        size = len(body) + sum(len(name) + len(value.encode()) + 4 for name, value in headers.items()) + 12
        if size > self._client.max_payload:
            text = f"too large: {size} bytes with headers, the server takes {self._client.max_payload}"
            return Reply(Verdict.REFUSED, error=text)
        self._count += 1
        token = str(self._count)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[token] = (subject, answer)
        try:
            if not self._up:
                return self._broken()
            await self._client.publish(subject, body, f"{self._inbox}.{token}", headers)
            return await answer
        except (Error, OSError):
            return self._broken()
        finally:
            del self._waiting[token]

    @property
    def heard(self) -> int:
        """How many answers have come in: where none does, the connection may be a dead one."""
        return int(self._client.stats["in_msgs"])

    async def _hear(self, message: Msg) -> None:
        subject, waiting = self._waiting.get(message.subject.rpartition(".")[2], ("", None))
        if waiting is not None and not waiting.done():
            reply = self._judged(message, subject)
            if reply is not None:
                waiting.set_result(reply)

    def _judged(self, message: Msg, subject: str) -> Reply | None:
        """None: somebody answered who is no stream; a stream's own word may yet come."""
        if (message.headers or {}).get("Status") == NO_RESPONDERS:
            return Reply(Verdict.FAILED, error=shown(f"no stream takes {subject}", self._hidden))
        try:
            answer = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            return None
        match answer:
            case {"error": {"description": str(text), **rest}}:
                verdict = Verdict.REFUSED if rest.get("err_code") in TOO_LARGE else Verdict.FAILED
                return Reply(verdict, error=shown(f"refused: {text}", self._hidden))
            case {"stream": str(), "seq": int()}:
                return TAKEN
        return None

    # ending

    async def end(self) -> None:
        """Close it; if that is cut off, the socket is closed all the same."""
        try:
            if self._client.reading is not None:  # before, it would wait for the end of what TLS has refused
                with suppress(Error, OSError):
                    await self._client.close()
        finally:
            self._client.cut()

    async def _failed(self, error: Exception) -> None:
        """What nats-py calls with each error: while it connects, the first one ends that."""
        if not self._up:
            raise error
        text = self._words(error)
        if "permissions violation" not in text:
            return
        if "subscription" in text:
            self._deaf = text
        for subject, waiting in self._waiting.values():
            if f'"{subject.lower()}"' in text and not waiting.done():
                waiting.set_result(Reply(Verdict.FAILED, error=text))

    def _gone(self, _reading: "asyncio.Task[None]") -> None:
        """Nothing is read any more, for whatever reason."""
        if not self._up:
            return
        self._up = False
        self._tell(self)
        for _, waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(self._broken())
        self._client.cut()

    def _broken(self) -> Reply:
        why = self._client.last_error
        return Reply(Verdict.UNREACHABLE, error=f"connection lost{f': {self._words(why)}' if why else ''}")

    def _words(self, error: Exception) -> str:
        match error:
            case AuthorizationError():
                return "authorization violation"
            case SecureConnWantedError():
                return "the server offers no TLS"
            case Error():
                return shown(str(error).removeprefix("nats: ").strip("'"), self._hidden)
        return reason(error)
