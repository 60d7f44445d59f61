"""An AMQP 0-9-1 target: RabbitMQ and its kin.

A message is delivered when the broker confirms it: on disk or on its replicas, as its queues have it. Nothing
is declared here, so what no queue is bound for comes back, and that is a failed attempt. A confirm that is
lost on its way makes a second message with the same `message_id`, by which a consumer knows it.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from relay.config.locate import dotted
from relay.config.target import TargetConfig
from relay.deliver.targets.broker import Kept, missing, place, texts, tls
from relay.deliver.targets.means import Maker, Means
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.errors import Problem
from relay.template import Unfit

if TYPE_CHECKING:
    from relay.deliver.targets.amqp_link import Dial, Link

LONGEST_KEY: Final = 255
"""Bytes of a routing key."""
LONGEST_NAME: Final = 128
"""Bytes of a header's name."""
EXCHANGE: Final = re.compile(r"[a-zA-Z0-9\-_.:@#,/+ ]{0,127}")
"""AMQP 0-9-1, domain exchange-name, and what the client lets through besides."""


def prepare(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target, or what is wrong with its table."""
    key = place(name, "routing_key", table.routing_key or "")
    context = tls(name, table) if table.scheme == "amqps" else None
    problems = [*missing(name, "aiormq", "amqp"), *_exchange(name, table.exchange)]
    problems += [problem for found in (key, context) if isinstance(found, list) for problem in found]
    if problems or isinstance(key, list) or isinstance(context, list):
        return problems

    def make(_means: Means) -> AmqpTarget:
        from relay.deliver.targets.amqp_link import Dial  # noqa: PLC0415  its client is optional

        return AmqpTarget(table, key, Dial(name, table, context))

    return make


def _exchange(name: str, exchange: str) -> list[Problem]:
    if EXCHANGE.fullmatch(exchange):
        return []
    path = dotted(["target", name, "exchange"])
    return [Problem(path, "is no name of an exchange", "letters, digits, spaces and -_.:@#,/+, at most 127")]


class AmqpTarget:
    """`url = "amqp(s)://HOST:PORT/VHOST"`."""

    takes_senders_headers = False

    def __init__(self, table: TargetConfig, key: Place, dial: "Dial") -> None:
        self.places: Mapping[str, Place] = {"routing_key": _short(key)}
        self._exchange = table.exchange
        self._seconds = table.timeout
        self._kept: Kept[Link] = Kept(dial, lambda link: link.end(), table.connect_timeout)

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        link: Link | Reply | None = None
        try:
            async with asyncio.timeout(self._seconds):
                link = await self._link()
                if isinstance(link, Reply):
                    return link
                with link.used():
                    await link.open()
                    return await self._publish(link, message)
        except TimeoutError:
            return await self._late(link)

    async def close(self) -> None:
        await self._kept.close()

    async def _link(self) -> "Link | Reply":
        link = await self._kept.get()
        if not isinstance(link, Reply) and link.lost:
            self._let_go(link)
            link = await self._kept.get()
        return link

    def _let_go(self, link: "Link") -> None:
        self._kept.forget(link)
        link.give_up()

    async def _publish(self, link: "Link", message: Message) -> Reply:
        headers = texts(message.headers)
        unfit = _unfit(headers, link.header_bytes)
        if unfit is not None:
            return Reply(Verdict.REFUSED, error=unfit)
        return await link.publish(message, headers, self._exchange)

    async def _late(self, link: "Link | Reply | None") -> Reply:
        if link is None or isinstance(link, Reply):
            return Reply(Verdict.UNREACHABLE, error=f"no connection within {self._seconds:g} s")
        if await link.blocked():
            return Reply(Verdict.UNREACHABLE, error="the broker takes no messages: short of memory or disk")
        self._let_go(link)
        return Reply(Verdict.FAILED, error=f"not confirmed within {self._seconds:g} s")


def _unfit(headers: Mapping[str, str], room: int | None) -> str | None:
    """Why no broker would take these headers: it would end the connection instead. `room`: in bytes."""
    names = [len(name.encode()) for name in headers]
    if max(names) > LONGEST_NAME:
        return f"a header's name is longer than {LONGEST_NAME} bytes"
    # a byte for the length of a name, one for the kind of its value, four for the length of that
    size = sum(names) + sum([6 + len(value.encode()) for value in headers.values()])
    return f"its headers are larger than {room} bytes" if room is not None and size > room else None


def _short(key: Place) -> Place:
    """The place of a routing key, which the protocol bounds."""

    def routing_key(variables: Mapping[str, Any], budget: int) -> str:
        text = key(variables, budget).encode("utf-8", "replace")
        if len(text) > LONGEST_KEY:
            raise Unfit(f"routing_key is longer than {LONGEST_KEY} bytes")
        return text.decode()

    return routing_key
