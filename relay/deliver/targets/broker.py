"""What targets at brokers share: where one is and who we are there, templates, headers, one kept connection.

A broker's client is imported inside its own file's functions: it may not be installed.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote, urlsplit

from relay.config.auth import BasicAuth, BearerAuth, revealed
from relay.config.locate import dotted
from relay.config.routes import told
from relay.config.secret import Secret
from relay.config.target import TargetConfig
from relay.deliver.targets.protocol import Place, Reply, Verdict
from relay.deliver.targets.tls import tls_context
from relay.errors import Problem
from relay.expression.errors import CompileError
from relay.http.mask import masked
from relay.seen import environment
from relay.template import Template, Unfit, template

END_SECONDS: Final = 2.0
"""How long a connection may take to end before it is cut off."""
AGAIN_SECONDS: Final = 0.1
"""After which a connection that is being made is told once more to end."""
SHOWN: Final = 200
"""Characters of a broker's own words that are kept."""

C = TypeVar("C")


def missing(name: str, module: str, extra: str) -> list[Problem]:
    """The problem of a client library that is not installed; none where it is."""
    if find_spec(module) is not None:
        return []
    hint = f'pip install "event-relay[{extra}]"'
    return [Problem(dotted(["target", name, "url"]), f"needs {module}, which is not installed", hint)]


# where, and who


@dataclass(frozen=True, slots=True)
class Address:
    """What a url says, and `auth` beside it."""

    hosts: tuple[tuple[str, int], ...]
    """Names and ports; more than one for Kafka only."""
    path: str
    """With its slash, percent-encoded as in the file."""
    user: str | None
    password: str | None = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        return self.hosts[0][1]


def address(table: TargetConfig, port: int) -> Address:
    """Where a target is. `port` holds where the url names none."""
    parts = urlsplit(table.address)
    login, _, places = parts.netloc.rpartition("@")
    hosts = tuple(_host(place, port) for place in places.split(","))
    match table.auth:
        case BasicAuth(user=user, password=password):
            return Address(hosts, parts.path, revealed(user), password.reveal())
        case BearerAuth(token=token):
            return Address(hosts, parts.path, None, None, token.reveal())
    user_text, colon, password_text = login.partition(":")
    return Address(
        hosts, parts.path, unquote(user_text) if login else None, unquote(password_text) if colon else None
    )


def _host(place: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    return parts.hostname or "", parts.port or port


def tls(name: str, table: TargetConfig) -> ssl.SSLContext | list[Problem]:
    """What `tls://`, `amqps://` and `rediss://` are made with: the system's roots unless `ca` names some."""
    context = tls_context(name, table)
    return ssl.create_default_context() if context is None else context


def secrets(table: TargetConfig) -> tuple[Secret, ...]:
    """What must not be shown, of all that a broker may repeat."""
    there = address(table, 0)
    return tuple(Secret(word) for word in (there.password, there.token) if word)


def shown(text: str, hidden: tuple[Secret, ...]) -> str:
    """A broker's own words, fit to be kept: masked, printable, not for ever."""
    return masked(text, hidden)[:SHOWN]


def reason(error: BaseException) -> str:
    """Why there is no connection, or none any more, without addresses."""
    match error:
        case ssl.SSLError():
            said = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            return f"TLS: {said or type(error).__name__}"[:SHOWN]
        case socket.gaierror():
            return "name not resolved"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case OSError() | EOFError():
            return "connection broken"
    return type(error).__name__


def unreachable(error: BaseException) -> Reply:
    """The reply where no connection can be had."""
    return Reply(Verdict.UNREACHABLE, error=f"no connection: {reason(error)}")


# what is sent


def place(name: str, key: str, text: str) -> Place | list[Problem]:
    """The place that a template of the file names, or all that is wrong with its expressions."""
    form = compiled(name, key, text)
    if isinstance(form, list):
        return form

    def text_of(variables: Mapping[str, Any], budget: int) -> str:
        value = form.text(variables, budget)
        if value is None:
            raise Unfit(f"{key} is null")
        return value

    return text_of


def compiled(name: str, key: str, text: str) -> Template | list[Problem]:
    """The template at a target's key, or all that is wrong with it."""
    try:
        return template(text, environment())
    except CompileError as error:
        return list(told(["target", name, key], error, text))


def texts(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as a broker's message has them: one value a name, always valid UTF-8, always one line.

    One that is repeated is joined by commas, as RFC 9110, 5.3 has it.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers.items():
        known, before = found.get(name.lower(), (name, None))
        found[name.lower()] = (known, value if before is None else f"{before}, {value}")
    return {name: _clean(value) for name, value in found.values()}


def _clean(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    whole = value.encode("utf-8", "replace").decode()
    return "".join(" " if ord(char) < 0x20 or ord(char) == 0x7F else char for char in whole)


# the connection


class Kept(Generic[C]):
    """One connection for all who send: made by the first while the others wait, and made anew when lost.

    It is made once at a time, only when somebody sends, and never tried again by itself: relay's breaker
    decides when that is.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[C | Reply]],
        end: Callable[[C], Awaitable[None]],
        seconds: float,
    ) -> None:
        """`connect` cleans up after itself where it fails or is cancelled; `end` may be cut off by a cancel.

        `seconds`: how long `connect` may take.
        """
        self._connect = connect
        self._end = end
        self._seconds = seconds
        self._held: C | None = None
        self._making: asyncio.Task[C | Reply] | None = None

    async def get(self) -> C | Reply:
        """The connection, or why there is none. Who waits no longer leaves it to those who come next."""
        if self._held is not None:
            return self._held
        if self._making is None:
            self._making = asyncio.create_task(self._make())
        return await asyncio.shield(self._making)

    async def _make(self) -> C | Reply:
        try:
            async with asyncio.timeout(self._seconds):
                made = await self._connect()
        except TimeoutError:
            made = Reply(Verdict.UNREACHABLE, error=f"no connection within {self._seconds:g} s")
        finally:
            self._making = None
        if not isinstance(made, Reply):
            self._held = made
        return made

    def forget(self, connection: C) -> bool:
        """The next send makes another. False: it was not the one in use any more."""
        if self._held is not connection:
            return False
        self._held = None
        return True

    async def drop(self, connection: C) -> None:
        """Forget it, and end it within a bound."""
        if self.forget(connection):
            with suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self._end(connection)

    async def close(self) -> None:
        """End what there is; nothing is being sent any more."""
        making = self._making
        while making is not None and not making.done():
            making.cancel()  # wait_for of Python 3.11 loses one that comes when it is done
            await asyncio.wait({making}, timeout=AGAIN_SECONDS)
        if self._held is not None:
            await self.drop(self._held)
