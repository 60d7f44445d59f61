"""`log:` prints one line of JSON an event to stdout."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final

import orjson

from relay.clock import rfc3339
from relay.config.target import TargetConfig
from relay.deliver.targets.means import Maker
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict

BODY_BYTES: Final = 64 << 10


def prepare(_name: str, table: TargetConfig) -> Maker:
    """What makes the target of a table; nothing of it can be wrong."""
    return lambda means: LogTarget(means.printer, table.timeout)


class LogTarget:
    """`url = "log:"`."""

    takes_senders_headers = False
    places: Final[Mapping[str, Place]] = {}

    def __init__(self, printer: Printer, timeout: float) -> None:
        self._printer = printer
        self._timeout = timeout

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        try:
            async with asyncio.timeout(self._timeout):
                error = await self._printer.print(_line(message))
        except TimeoutError:
            return Reply(Verdict.UNREACHABLE, error=f"stdout took nothing within {self._timeout:g} s")
        if error is not None:
            return Reply(Verdict.UNREACHABLE, error=f"stdout: {error}")
        return Reply(Verdict.TAKEN)

    async def close(self) -> None:
        """The printer is everybody's."""


def _line(message: Message) -> bytes:
    """The words of the API's `GET events/ID`; the body is what an HTTP target would get."""
    (delivery,) = message.deliveries
    event = delivery.event
    shown = {
        "id": event.id,
        "key": event.key,
        "source": event.source,
        "type": event.type,
        "via": event.via,
        "received_at": rfc3339(event.received),
        "occurred_at": None if event.occurred is None else rfc3339(event.occurred),
        "size": len(message.body),
        "route": delivery.route,
        "target": delivery.target,
        "attempt": delivery.attempts + 1,
        **_body(message.body),
    }
    return orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)


def _body(body: bytes) -> dict[str, str]:
    """As text if it is UTF-8, else base64; cut at its bound, where `size` tells how much there was."""
    try:
        return {"body": body[:BODY_BYTES].decode()}
    except UnicodeDecodeError as error:
        if len(body) > BODY_BYTES and error.start > BODY_BYTES - 4:  # the cut fell into a character
            return {"body": body[: error.start].decode()}
        return {"body_base64": base64.b64encode(body[:BODY_BYTES]).decode()}
