"""Sending to a target as relay does: messages, tables of the file, and what becomes of an answer."""

from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from relay.clock import Clock
from relay.config.target import TargetConfig
from relay.config.types import Place
from relay.deliver.headers import Envelope
from relay.deliver.targets import http as http_targets
from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.means import Means
from relay.deliver.targets.protocol import Message, Reply, Target
from relay.errors import Problem
from relay.event import Event
from relay.seen import Seen
from tests.clock import START, ManualClock
from tests.deliver.owed import delivery
from tests.target import Answer, ScriptedTarget

LATE = 0.05
"""Seconds: the timeout of a target that is known to hang."""
BUDGET = 10_000
ENVELOPE = Envelope({"shop": frozenset()})


def message(
    n: int = 1, of: Event | None = None, to: Target | None = None, attempts: int = 0, path: str = ""
) -> Message:
    """What goes out for the n-th event, or for `of`, with the headers and places that `to` takes."""
    owed = delivery(n, of=of, attempts=attempts)
    headers = ENVELOPE.headers(owed, along=to is None or to.takes_senders_headers)
    places = {name: place(Seen(owed.event), BUDGET) for name, place in (to.places if to else {}).items()}
    return Message((owed,), owed.event.body, headers, path, places)


def table(url: str | dict[str, str], environ: dict[str, str] | None = None, **keys: Any) -> TargetConfig:
    """`[target.box]` as the file would say it."""
    place = Place(Path(), environ=environ or {})
    return TargetConfig.model_validate({"url": url, **keys}, context=place, by_alias=True)


def problems(of: TargetConfig) -> list[Problem]:
    """What is wrong with a table for an HTTP target."""
    found = http_targets.prepare("box", of)
    assert isinstance(found, list)
    return found


def opened(of: TargetConfig, session: ClientSession, clock: Clock | None = None) -> HttpTarget:
    """The HTTP target of a table."""
    maker = http_targets.prepare("box", of)
    assert not isinstance(maker, list), maker
    target = maker(Means(session, clock or ManualClock()))
    assert isinstance(target, HttpTarget)
    return target


def http(url: str, session: ClientSession, timeout: float = 20, **keys: Any) -> HttpTarget:
    """A plain one."""
    return opened(table(url, timeout=f"{timeout * 1000:g}ms", **keys), session)


async def said(
    session: ClientSession, script: Answer | int, patience: float = 20, of: Event | None = None
) -> Reply:
    """What relay makes of one answer."""
    async with ScriptedTarget([script]) as target:
        return await http(target.url, session, patience).send(message(of=of), START)
