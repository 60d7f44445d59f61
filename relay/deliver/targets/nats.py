"""`url = "nats://…"`: messages that a JetStream stream keeps. Delivered when the stream acknowledges.

`Nats-Msg-Id` is the idempotency key: what is sent again within the stream's `duplicate_window` is kept once.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from relay.config.locate import dotted
from relay.config.target import TargetConfig
from relay.deliver.targets.broker import Kept, address, compiled, missing, secrets, texts, tls
from relay.deliver.targets.means import Maker
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.errors import Problem
from relay.template import Template, Unfit, as_text

if TYPE_CHECKING:
    from relay.deliver.targets.nats_line import Line

PORT: Final = 4222
SUBJECT_BYTES: Final = 2048
"""A server ends the connection at a line of 4 KiB; the subject is one word of it."""
_UNSAFE: Final = re.compile(r"[\s*>\x00-\x20\x7f-\x9f\ud800-\udfff]")


def prepare(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target of a table, or all that is wrong with it."""
    subject = _subject(name, table.subject or "")
    context = tls(name, table) if table.scheme == "tls" else None
    problems = [problem for found in (subject, context) if isinstance(found, list) for problem in found]
    problems += missing(name, "nats", "nats")
    if problems or isinstance(subject, list) or isinstance(context, list):
        return problems
    return lambda _means: NatsTarget(table, subject, context)


class NatsTarget:
    """A subject at a NATS server."""

    takes_senders_headers = False

    def __init__(self, table: TargetConfig, subject: Place, context: ssl.SSLContext | None) -> None:
        self.places: Mapping[str, Place] = {"subject": subject}
        self._address = address(table, PORT)
        self._tls = context
        self._hidden = secrets(table)
        self._stream = table.stream
        self._seconds = table.timeout
        self._kept: Kept[Line] = Kept(self._connect, self._end, table.connect_timeout)

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        line, heard = None, 0
        try:
            async with asyncio.timeout(self._seconds):
                line = await self._kept.get()
                if isinstance(line, Reply):
                    return line
                heard = line.heard
                return await line.publish(message.places["subject"], message.body, self._headers(message))
        except TimeoutError:
            if line is None or isinstance(line, Reply):
                return Reply(Verdict.UNREACHABLE, error=f"no connection within {self._seconds:g} s")
        if line.heard == heard:  # nor did it say anything else: it may not be there any more
            await self._kept.drop(line)
        return Reply(Verdict.FAILED, error=f"not acknowledged within {self._seconds:g} s")

    async def close(self) -> None:
        await self._kept.close()

    def _headers(self, message: Message) -> dict[str, str]:
        headers = texts(message.headers)
        headers["Nats-Msg-Id"] = message.key
        if self._stream is not None:
            headers["Nats-Expected-Stream"] = self._stream
        return headers

    async def _connect(self) -> "Line | Reply":
        from relay.deliver.targets.nats_line import Line  # noqa: PLC0415  needs the extra

        line = Line(self._hidden, self._kept.forget)
        failed = await line.connect(self._address, self._tls)
        return line if failed is None else failed

    async def _end(self, line: "Line") -> None:
        await line.end()


# the subject


def _subject(name: str, text: str) -> Place | list[Problem]:
    """The place of a `subject`, or what is wrong with it."""
    form = compiled(name, "subject", text)
    if isinstance(form, list):
        return form
    path = dotted(["target", name, "subject"])
    literal = [part if isinstance(part, str) else "" for part in form.parts]
    tokens = "".join(part if isinstance(part, str) else "\0" for part in form.parts).split(".")
    if "" in tokens:
        return [Problem(path, "has an empty token", 'such as "orders.${body.id}"')]
    if re.search(r"[\s\x00-\x20\x7f-\x9f]", "".join(literal)):
        return [Problem(path, "holds white space or a control character", 'such as "orders.paid"')]
    if any(token.replace("\0", "") in {"*", ">"} for token in tokens):
        return [Problem(path, "is a pattern: nothing can be published to * or >", 'such as "orders.paid"')]

    def text_of(variables: Mapping[str, Any], budget: int) -> str:
        return _rendered(form, variables, budget)

    return text_of


def _rendered(form: Template, variables: Mapping[str, Any], budget: int) -> str:
    """A subject to which can be published, whatever the data is; what that gives may be several tokens."""
    pieces = []
    for part in form.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = part.given(variables, budget)
        if value is None:
            raise Unfit(f"${{{part.text}}} is null")
        pieces.append(_UNSAFE.sub("_", as_text(value)))
    text = "".join(pieces)
    if text.startswith("$") and not isinstance(
        form.parts[0], str
    ):  # the server's own: $JS.API deletes streams
        text = f"_{text[1:]}"
    subject = ".".join(token or "_" for token in text.split("."))
    if len(subject.encode()) > SUBJECT_BYTES:
        raise Unfit(f"the subject is longer than {SUBJECT_BYTES} bytes")
    return subject
