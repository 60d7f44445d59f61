"""What an attempt would bring to a target, told without sending it. Nothing that proves relay stands in it.

Of each kind it is what `send` in the kind's own file makes of a message; `tests/deliver/targets/
test_outgoing.py` compares it with what arrives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, cast
from urllib.parse import quote, urlsplit

from aiohttp import ClientConnectionError, ClientSession
from multidict import CIMultiDict
from yarl import URL

from relay.clock import SystemClock
from relay.config.auth import BasicAuth, BearerAuth, HeaderAuth, OAuth2Auth, QueryAuth
from relay.config.secret import MASK, STAND_IN, Secret
from relay.config.target import HmacSign, MtlsAuth, StandardSign, TargetAuth, TargetConfig
from relay.config.target_url import has_login
from relay.deliver.embed import embed
from relay.deliver.targets.broker import texts
from relay.deliver.targets.http import prepare
from relay.deliver.targets.log import LogTarget
from relay.deliver.targets.means import Means
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.program import INHERITED, environment
from relay.deliver.targets.protocol import Message

ENCODED_MASK: Final = quote(MASK, safe="")
SIGNATURE: Final = "webhook-signature"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, message, line or run."""

    kind: str
    """As `TargetConfig.kind`."""
    place: Mapping[str, Any]
    """Where it goes, in the words of the file; the url of HTTP with its method."""
    body: bytes = field(repr=False)
    headers: Pairs = field(default=(), repr=False)
    """Of a program: its variables."""


async def outgoing(name: str, table: TargetConfig, message: Message, now: int) -> Outgoing:
    """What target `name` would get. `message` is used up by it."""
    match table.kind:
        case "http":
            return await _request(name, table, message, now)
        case "log":
            return Outgoing("log", {"url": _shown_address(table)}, await _line(message, now))
        case "file":
            return Outgoing("file", {"url": _shown_address(table)}, embed(message.body) + b"\n")
        case "exec":
            return _run(table, message)
    return _published(table, message)


# HTTP


async def _request(name: str, table: TargetConfig, message: Message, now: int) -> Outgoing:
    """As the target's own code makes it, with a stand-in for what proves relay."""
    session = _Session()
    maker = prepare(name, table.model_copy(update={"auth": _disguised(table)}))
    assert not isinstance(maker, list), "a target that was made before"
    target = maker(Means(cast("ClientSession", session), SystemClock()))
    await target.send(message, now)
    place = {"method": "POST", "url": _shown_url(table, message, session.url), **_certificate(table)}
    return Outgoing("http", place, session.body, tuple(_unsigned(table, session.headers).items()))


class _Session:
    """Takes a request down, and sends nothing."""

    url = URL()
    headers: "CIMultiDict[str]" = CIMultiDict()
    body = b""

    async def post(
        self, url: URL, *, data: bytes, headers: "CIMultiDict[str]", **_limits: object
    ) -> NoReturn:
        self.url, self.headers, self.body = url, headers, data
        raise ClientConnectionError


def _disguised(table: TargetConfig) -> TargetAuth | None:
    """The table's `auth`, or the login of its url, so that the request shows where it stands, and no more."""
    match table.auth:
        case BearerAuth() | OAuth2Auth():
            return BearerAuth(token=Secret(MASK))
        case BasicAuth():
            return _authorization(f"Basic {MASK}")
        case HeaderAuth() | QueryAuth() as auth:
            return auth.model_copy(update={"value": Secret(MASK)})
        case None if has_login(table.address):
            return _authorization(f"Basic {MASK}")
    return table.auth


def _authorization(value: str) -> HeaderAuth:
    """The file could not say it so: there, it is the words of `basic`."""
    return HeaderAuth.model_construct(name="Authorization", value=Secret(value))


def _shown_url(table: TargetConfig, message: Message, url: URL) -> str:
    """Of a url that is a secret only what the message adds to it."""
    if not _is_told(table):
        return f"{MASK}{message.path}"
    text = str(url)
    return f"{text.removesuffix(ENCODED_MASK)}{MASK}" if isinstance(table.auth, QueryAuth) else text


def _unsigned(table: TargetConfig, headers: "CIMultiDict[str]") -> "CIMultiDict[str]":
    """The headers; a signature that cannot be told, for want of the secret or of the url, is masked."""
    match table.sign:
        case StandardSign(secret=secrets) if any(map(_is_stand_in, secrets)):
            headers[SIGNATURE] = MASK
        case HmacSign(secret=secrets, signed=signed, header=header) if _is_stand_in(secrets[0]) or (
            "{url}" in signed and isinstance(table.auth, QueryAuth)
        ):
            headers[header] = MASK
    return headers


def _is_stand_in(secret: Secret) -> bool:
    return secret.missing or secret.reveal() == STAND_IN


# log, exec


class _Printer(Printer):
    """Takes a line down, and prints nothing."""

    line = b""

    async def print(self, line: bytes) -> str | None:
        self.line = line
        return None


async def _line(message: Message, now: int) -> bytes:
    printer = _Printer()
    await LogTarget(printer, 1.0).send(message, now)
    return printer.line


def _run(table: TargetConfig, message: Message) -> Outgoing:
    variables = environment(message.headers)
    shown = tuple((_text(name), _text(value)) for name, value in variables.items() if name not in INHERITED)
    inherits = [name.decode() for name in INHERITED]
    command = [_shown_address(table).removeprefix("exec:"), *table.args]
    return Outgoing("exec", {"command": command, "inherits": inherits}, message.body, shown)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


# brokers


def _published(table: TargetConfig, message: Message) -> Outgoing:
    headers, more = texts(message.headers), _of_the_file(table)
    if table.kind == "nats":
        headers["Nats-Msg-Id"] = message.key
        headers |= {} if table.stream is None else {"Nats-Expected-Stream": table.stream}
    if table.kind == "amqp":
        more["message_id"] = message.key
    place = {"url": _shown_address(table), **message.places, **more, **_certificate(table)}
    return Outgoing(table.kind, place, message.body, tuple(headers.items()))


def _of_the_file(table: TargetConfig) -> dict[str, Any]:
    """What of its place is the same for every message."""
    match table.kind:
        case "nats" if table.stream is not None:
            return {"stream": table.stream}
        case "amqp":
            return {"exchange": table.exchange}
        case "redis" if table.maxlen is not None:
            return {"maxlen": table.maxlen}
    return {}


# what proves relay


def _certificate(table: TargetConfig) -> dict[str, str]:
    """Where one of ours is shown when the connection is made."""
    return {"certificate": MASK} if isinstance(table.auth, MtlsAuth) else {}


def _is_told(table: TargetConfig) -> bool:
    """A url that stands in the file is told, without its login."""
    return not isinstance(table.url, Secret) or table.url.plain


def _shown_address(table: TargetConfig) -> str:
    if not _is_told(table):
        return MASK
    if not has_login(table.address):
        return table.address
    parts = urlsplit(table.address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
