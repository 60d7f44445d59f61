"""A day of webhooks that are lost, late and doubled: a whole daemon has every event once, and in time."""

import asyncio
import heapq
import hmac
import os
import random
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from relay.clock import SECOND
from relay.store.protocol import EventView
from tests.clock import START, ManualClock
from tests.journeys.polling import Polling
from tests.journeys.providers.fake import at
from tests.journeys.providers.stripe import Stripe
from tests.journeys.providers.tables import api, preset, source
from tests.poll.provider import Asked, Provider, Says
from tests.receive.wire import request
from tests.target import ScriptedTarget

pytestmark = pytest.mark.usefixtures("logins")

SEED: Final = int(os.environ.get("POLL_SEED", "0")) or 20_260_921
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
EVERY: Final = 180.0
"""Seconds between two events, on average."""
OUTAGE: Final = (7 * HOUR, 10 * HOUR)
"""While all webhooks are lost."""
LISTED: Final = 20.0
"""Seconds after which an event stands in the list, at most."""
SILENCE: Final = 600.0
AUDIT: Final = 6 * HOUR
POLL: Final = 900.0 * 1.1
"""From one pass to the next, at most: `idle`, and the jitter."""
SECRET: Final = "STRIPE_KEY"


def webhook(id: str, created: float, now: int) -> bytes:
    """As Stripe posts and signs it at that moment (docs.stripe.com/webhooks, "Verify manually")."""
    row = {"id": id, "object": "event", "type": "charge.succeeded", "created": at(created)}
    body, stamp = orjson.dumps(row), now // SECOND
    proof = hmac.digest(SECRET.encode(), b"%d." % stamp + body, "sha256").hex()
    return request("/in/stripe", body, f"Stripe-Signature: t={stamp},v1={proof}")


@dataclass
class Racing(Stripe):
    """Whoever reads its list may be overtaken by a webhook of what stands there."""

    listed: Callable[[list[dict[str, Any]]], None] = lambda _rows: None

    def answer(self, asked: Asked) -> Says:
        said = super().answer(asked)
        self.listed(said.document["data"])
        return said


@dataclass
class Day:
    """What happens, by the clock, and what came of it."""

    relay: Polling
    stripe: Racing
    rng: random.Random
    created: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Events whose webhook did not come in its time."""
    due: list[tuple[float, str, str]] = field(default_factory=list)
    """When what becomes of which event."""
    posts: "list[asyncio.Task[bool]]" = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    """When a webhook came."""
    listed: dict[str, float] = field(default_factory=dict)
    """When each event came to stand in the list."""
    duplicates: int = 0

    def plan(self) -> None:
        """When each event happens, is listed, is told, and told again."""
        moment = 0.0
        while (moment := moment + self.rng.expovariate(1 / EVERY)) < DAY:
            id = f"evt_{len(self.created):04d}"
            self.created[id] = moment
            heapq.heappush(self.due, (moment + self.rng.uniform(0, LISTED), "list", id))
            if OUTAGE[0] < moment < OUTAGE[1] or self.rng.random() < 0.1:
                self.lost.add(id)
                if self.rng.random() < 0.3:  # a retry, hours later
                    heapq.heappush(self.due, (moment + self.rng.uniform(4, 9) * HOUR, "post", id))
                continue
            for _ in range(1 + (self.rng.random() < 0.1)):
                heapq.heappush(self.due, (moment + self.rng.uniform(0, 30), "post", id))

    async def live(self, until: float) -> None:
        while self.due and self.due[0][0] < until:
            moment, what, id = heapq.heappop(self.due)
            await self._at(moment)
            if what == "list":
                self.listed[id] = moment
                self.stripe.event(id, self.created[id])
            else:
                self._post(id)
            await self._posted()
        await self._at(until)

    async def _at(self, moment: float) -> None:
        await self.relay.pass_time(moment - (self.relay.clock.now() - START) / SECOND)
        await self._posted()

    async def _posted(self) -> None:
        while self.posts:
            self.duplicates += await self.posts.pop()

    def _post(self, id: str) -> None:
        self.heard.append((self.relay.clock.now() - START) / SECOND)
        self.posts.append(asyncio.ensure_future(self._told(id)))

    async def _told(self, id: str) -> bool:
        said = await self.relay.ask(webhook(id, self.created[id], self.relay.clock.now()))
        assert said.status == 200
        return said.headers.get("Relay-Duplicate") == "true"

    def race(self, rows: list[dict[str, Any]]) -> None:
        """Of what the poll is about to take, some comes as a webhook at the same moment."""
        for row in rows:
            if row["id"] in self.lost and self.rng.random() < 0.03:
                self._post(row["id"])

    def in_silence(self, id: str) -> bool:
        """Whether it happened, and was listed, between two webhooks that lie a silence apart."""
        place = bisect(self.heard, self.created[id])
        before, after = ([0.0, *self.heard])[place], ([*self.heard, 2 * DAY])[place]
        return after - before > SILENCE and self.listed[id] < after

    def late(self, event: EventView) -> float:
        """Seconds from when it happened to when it was accepted."""
        return (event.received_at - START) / SECOND - self.created[str(event.key)]


async def test_a_day_of_webhooks_that_are_lost(
    tmp_path: Path, clock: ManualClock, target: ScriptedTarget
) -> None:
    """Once each: within a silence and a poll where webhooks ceased, else within an audit and a poll."""
    stripe = Racing(clock)
    async with Provider(stripe) as server:
        poll = preset("stripe-events") + api("stripe", server.url)
        async with Polling(tmp_path, clock, target, source("stripe"), poll) as relay:
            day = Day(relay, stripe, random.Random(SEED))
            stripe.listed = day.race
            day.plan()
            await day.live(DAY + AUDIT + POLL)
            events = await relay.accepted("stripe")
            assert sorted(str(event.key) for event in events) == sorted(day.created), f"POLL_SEED={SEED}"
            assert sorted(await relay.arrived()) == sorted(day.created)
            await relay.sums_match()
            check(day, events)


def check(day: Day, events: list[EventView]) -> None:
    """How each event came, and how late."""
    polled = [event for event in events if event.via == "poll"]
    assert all(str(event.key) in day.lost or day.late(event) < LISTED + 60 for event in polled)
    for event in events:
        most = SILENCE + POLL if day.in_silence(str(event.key)) else AUDIT + POLL
        assert day.late(event) <= most + LISTED, (event.key, day.created[str(event.key)], event.via, SEED)
    recovered = day.relay.daemon.metrics.recovered("stripe")._value.get()
    assert recovered == len(polled) > 60
    # both kinds were there, and so were races that the webhook or the poll lost
    assert any(day.late(event) > SILENCE + POLL for event in polled)
    assert sum(day.in_silence(str(event.key)) for event in polled) > 10
    assert day.duplicates > 20
