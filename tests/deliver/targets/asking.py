"""Asking a target over HTTP, as relay does."""

from aiohttp import ClientSession

from relay.deliver.headers import Envelope
from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.protocol import Reply
from relay.event import Event
from tests.clock import START
from tests.deliver.owed import delivery
from tests.target import Answer, ScriptedTarget

LATE = 0.05
"""Seconds: the timeout of a target that is known to hang."""


def http(url: str, session: ClientSession, timeout: float = 20) -> HttpTarget:
    return HttpTarget(url, timeout, 5, session, Envelope({"shop": frozenset()}).headers)


async def said(
    session: ClientSession, script: Answer | int, patience: float = 20, of: Event | None = None
) -> Reply:
    """What relay makes of one answer."""
    async with ScriptedTarget([script]) as target:
        return await http(target.url, session, patience).send((delivery(of=of),), START)
