"""A walk through everything that can happen to deliveries, against a model of what has to come of it.

Of each order one at a time goes out, the first one first; nothing waits for ever; the sums match.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relay.clock import SECOND
from relay.delivery import Delivered, Delivery, Outcome, Postponed, Retry, Skipped, Wait
from relay.route import Planned
from relay.store.protocol import Query, Replay, Store
from tests.clock import ManualClock
from tests.store.conftest import SqliteHome
from tests.store.words import DEAD, claimed, claimed_all, entry, replan, settlement

DAY = 86_400


@dataclass
class Owed:
    """A delivery as it should be."""

    id: str
    order: str | None
    due: int
    state: str = "pending"
    replays: int = 0
    batch: int | None = None

    @property
    def event(self) -> str:
        return self.id.rpartition("-")[0]


class Walk(RuleBasedStateMachine):
    """One target; two orders, and deliveries without."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.home = SqliteHome(Path(self.folder.name), self.clock)
        self.runner = asyncio.Runner()
        self.store: Store = self.runner.run(self.home.open())
        self.owed: dict[str, Owed] = {}
        self.tried: dict[str, Delivery] = {}

    # what happens

    @rule(orders=st.lists(st.sampled_from([None, "a", "b"]), min_size=1, max_size=4))
    def append(self, orders: list[str | None]) -> None:
        now = self.clock.now()
        entries = [
            entry(self.store, at=now, planned=(Planned("all", "billing", order=order),)) for order in orders
        ]
        for receipt, order in zip(self.run(self.store.append(entries)), orders, strict=True):
            self.owed[f"{receipt.id}-1"] = Owed(f"{receipt.id}-1", order, now)

    @rule(count=st.integers(1, 4))
    def claim(self, count: int) -> None:
        """No more than that are due, and of a batch all that is."""
        may = self.due()
        got = self.run(claimed(self.store, count=count, now=self.clock.now()))
        ids = {delivery.id for delivery in got}
        assert ids <= may
        assert bool(ids) == bool(may)
        batches = {(owed.batch, owed.due) for owed in map(self.owed.__getitem__, ids) if owed.batch}
        assert ids >= {id for id in may if (self.owed[id].batch, self.owed[id].due) in batches}
        self.take(got)

    @rule()
    def claim_all(self) -> None:
        may = self.due()
        got = self.run(claimed_all(self.store, now=self.clock.now()))
        assert {delivery.id for delivery in got} == may
        self.take(got)

    @precondition(lambda self: self.tried)
    @rule(
        data=st.data(), kind=st.sampled_from(["delivered", "dead", "skipped", "retry", "wait", "postponed"])
    )
    def settle(self, data: st.DataObject, kind: str) -> None:
        """One alone, or several as a batch."""
        ids = data.draw(st.lists(st.sampled_from(sorted(self.tried)), min_size=1, max_size=3, unique=True))
        at = self.clock.now() + data.draw(st.integers(0, 20)) * SECOND
        outcome = outcomes(at)[kind]
        number = None if len(ids) == 1 else data.draw(st.integers(1, 3))
        self.settled([self.tried.pop(id) for id in ids], kind, outcome, number)

    @precondition(lambda self: self.tried)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.tried)), min_size=1, max_size=3, unique=True))
        self.store.release([self.tried.pop(id) for id in ids])

    @precondition(lambda self: self.owed)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        chosen = self.choose(data)
        meant = [owed for owed in chosen if owed.state == "pending"]
        query = Query(ids=tuple(owed.event for owed in chosen))
        assert self.run(self.store.discard(query, self.clock.now())).deliveries == len(meant)
        for owed in meant:
            owed.state = "dead"

    @precondition(lambda self: self.owed)
    @rule(data=st.data(), pace=st.sampled_from([None, 0.5]), fresh=st.booleans())
    def replay(self, data: st.DataObject, pace: float | None, *, fresh: bool) -> None:
        chosen, now = self.choose(data), self.clock.now()
        query = Query(ids=tuple(owed.event for owed in chosen))
        how = Replay(now, pace, fresh=fresh)
        assert self.run(self.store.replay(query, how, replan())).deliveries == len(chosen)
        dues = [now + (0 if pace is None else round(n * SECOND / pace)) for n in range(len(chosen))]
        for owed, due in zip(chosen, dues, strict=True):
            owed.due = due
            owed.state, owed.replays, owed.batch = "pending", owed.replays + 1, None

    @rule(age=st.integers(0, 30))
    def end_old(self, age: int) -> None:
        """All of them were born when they were accepted, or replayed for the last time."""
        before = {owed.id for owed in self.pending()}
        born = self.clock.now() - age * SECOND
        ended = self.run(self.store.end_old("billing", born, "old", self.clock.now()))
        shown = self.shown()
        gone = {id for id in before if shown[id][0] == "dead"}
        assert len(gone) == ended.count
        assert gone.isdisjoint(self.tried)
        for id in gone:
            self.owed[id].state = "dead"

    @rule(seconds=st.integers(1, 40))
    def time_goes_by(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def shelve(self) -> None:
        self.store.shelve("billing")

    @rule()
    def restart(self) -> None:
        """What was being tried is forgotten."""
        self.store = self.run(self.home.restart())
        self.tried.clear()

    # what holds

    @invariant()
    def the_sums_match(self) -> None:
        assert self.run(self.store.audit()).problems == ()

    @invariant()
    def the_rows_say_what_they_should(self) -> None:
        """States; and when the first one of its order is due, and no other."""
        firsts = self.firsts()
        for id, (state, next_at) in self.shown().items():
            assert state == self.owed[id].state
            assert next_at == (self.owed[id].due if id in firsts else None)

    def teardown(self) -> None:
        """In the end all that is pending is delivered, in order."""
        try:
            self.settled(list(self.tried.values()), "retry", Retry(self.clock.now()), None)
            self.tried.clear()
            self.clock.advance(DAY)
            while any(True for _ in self.pending()):
                self.claim_all()
                assert self.tried, "something waits for ever"
                self.settled(list(self.tried.values()), "delivered", Delivered(), None)
                self.tried.clear()
            self.the_sums_match()
            self.the_rows_say_what_they_should()
        finally:
            self.run(self.home.close())
            self.runner.close()
            self.folder.cleanup()

    # the model

    def run(self, what: Any) -> Any:
        return self.runner.run(what)

    def pending(self) -> list[Owed]:
        return [owed for owed in self.owed.values() if owed.state == "pending"]

    def firsts(self) -> set[str]:
        """Those that no other one goes before: ids are given in order."""
        firsts: dict[str, str] = {}
        for owed in self.pending():
            firsts.setdefault(owed.order or owed.id, owed.id)
        return set(firsts.values())

    def due(self) -> set[str]:
        """What has to be claimed now: not while another one of its order is tried, replayed or not."""
        busy = {self.owed[id].order for id in self.tried} - {None}
        return {
            id
            for id in self.firsts() - self.tried.keys()
            if self.owed[id].due <= self.clock.now() and self.owed[id].order not in busy
        }

    def take(self, got: list[Delivery]) -> None:
        for delivery in got:
            owed = self.owed[delivery.id]
            assert (delivery.replays, delivery.batch) == (owed.replays, owed.batch)
            self.tried[delivery.id] = delivery
        orders = [order for id in self.tried if (order := self.owed[id].order)]
        assert len(orders) == len(set(orders)), "two of one order at once"

    def settled(self, deliveries: list[Delivery], kind: str, outcome: Outcome, batch: int | None) -> None:
        made = [settlement(delivery, outcome) for delivery in deliveries]
        self.store.settle([each._replace(batch=batch) for each in made])
        self.run(self.store.flush())
        for delivery in deliveries:
            owed = self.owed[delivery.id]
            if owed.replays == delivery.replays and (owed.state == "pending" or kind == "delivered"):
                owed.batch = batch or owed.batch
                if kind in {"delivered", "dead", "skipped"}:
                    owed.state = kind
                else:
                    owed.due = getattr(outcome, "at", self.clock.now())

    def choose(self, data: st.DataObject) -> list[Owed]:
        """Some of all deliveries, oldest first."""
        ids = data.draw(st.lists(st.sampled_from(sorted(self.owed)), min_size=1, max_size=5, unique=True))
        return [self.owed[id] for id in sorted(ids)]

    def shown(self) -> dict[str, tuple[str, int | None]]:
        """By delivery, its state and when it is due."""
        page = self.run(self.store.find(Query(limit=1000)))
        return {each.id: (each.state, each.next_at) for event in page.events for each in event.deliveries}


def outcomes(at: int) -> dict[str, Outcome]:
    return {
        "delivered": Delivered(),
        "dead": DEAD,
        "skipped": Skipped("null"),
        "retry": Retry(at),
        "wait": Wait(),
        "postponed": Postponed(at),
    }


class LongWalk(Walk):
    """The same, for longer."""


def steps(examples: int, count: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


TestWalk = Walk.TestCase
TestWalk.settings = steps(25, 25)
TestLongWalk = pytest.mark.slow(LongWalk.TestCase)
TestLongWalk.settings = steps(400, 60)
