"""A Redis Streams target, Valkey's too: `XADD`, the headers and `body` as fields.

Redis cannot tell a repetition from a new entry: where the answer to an `XADD` is lost, the next attempt adds
one more with the same `Idempotency-Key`, by which a consumer knows it. An answer means that the entry is in
the server's memory; when it is on disk is up to its `appendonly` and `appendfsync`.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from relay.config.target import TargetConfig
from relay.deliver.targets.broker import Kept, missing, place, secrets, shown, texts, tls
from relay.deliver.targets.means import Maker, Means
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.errors import Problem
from relay.template import Unfit

if TYPE_CHECKING:
    from relay.deliver.targets.redis_link import Dial, Link, Refusal

BODY: Final = b"body"
"""The last field, so that it is the one that counts where a header has its name."""
NOBODYS: Final = frozenset(
    {"READONLY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"}
)
"""These say that the server takes nothing from anybody at the moment."""
ELSEWHERE: Final = frozenset({"READONLY", "MASTERDOWN"})
"""These say that another server is the primary now: the name may lead there already."""


def prepare(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target, or what is wrong with its table."""
    stream = place(name, "stream", table.stream or "")
    context = tls(name, table) if table.scheme == "rediss" else None
    problems = missing(name, "redis", "redis")
    problems += [problem for found in (stream, context) if isinstance(found, list) for problem in found]
    if problems or isinstance(stream, list) or isinstance(context, list):
        return problems

    def make(_means: Means) -> RedisTarget:
        from relay.deliver.targets.redis_link import Dial  # noqa: PLC0415  its client is optional

        return RedisTarget(table, stream, Dial(table, context))

    return make


class RedisTarget:
    """`url = "redis(s)://HOST:PORT/DB"`: one server, or the name that leads to the primary; no cluster."""

    takes_senders_headers = False

    def __init__(self, table: TargetConfig, stream: Place, dial: "Dial") -> None:
        self.places: Mapping[str, Place] = {"stream": _named(stream)}
        self._bound = () if table.maxlen is None else (b"MAXLEN", b"~", str(table.maxlen).encode())
        self._seconds = table.timeout
        self._hidden = secrets(table)
        self._kept: Kept[Link] = Kept(dial, lambda link: link.end(), table.connect_timeout)

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        link: Link | Reply | None = None
        try:
            async with asyncio.timeout(self._seconds):
                link = await self._link()
                if isinstance(link, Reply):
                    return link
                with link.used():
                    refusal = await link.ask(*self._command(message))
        except TimeoutError:
            return self._late(link)
        return Reply(Verdict.TAKEN) if refusal is None else self._not_taken(refusal, link)

    async def close(self) -> None:
        await self._kept.close()

    async def _link(self) -> "Link | Reply":
        link = await self._kept.get()
        if not isinstance(link, Reply) and link.lost:
            self._let_go(link)
            link = await self._kept.get()
        return link

    def _command(self, message: Message) -> list[bytes]:
        fields: list[bytes] = []
        for name, value in texts(message.headers).items():
            fields += (name.encode(), value.encode())
        stream = message.places["stream"].encode()
        return [b"XADD", stream, *self._bound, b"*", *fields, BODY, message.body]

    def _let_go(self, link: "Link") -> None:
        self._kept.forget(link)
        link.give_up()

    def _late(self, link: "Link | Reply | None") -> Reply:
        if link is None or isinstance(link, Reply):
            return Reply(Verdict.UNREACHABLE, error=f"no connection within {self._seconds:g} s")
        self._let_go(link)
        return Reply(Verdict.FAILED, error=f"no answer within {self._seconds:g} s")

    def _not_taken(self, refusal: "Refusal", link: "Link") -> Reply:
        if refusal.code in ELSEWHERE:
            self._let_go(link)
        verdict = Verdict.UNREACHABLE if refusal.lost or refusal.code in NOBODYS else Verdict.FAILED
        return Reply(verdict, error=shown(refusal.text, self._hidden))


def _named(stream: Place) -> Place:
    """The place of a stream's name."""

    def name(variables: Mapping[str, Any], budget: int) -> str:
        text = stream(variables, budget).encode("utf-8", "replace").decode()
        if not text:
            raise Unfit("stream is empty")
        return text

    return name
