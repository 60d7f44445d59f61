"""Asking in the name of deliveries that come at awkward moments: replayed, late, called off."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from relay.clock import SECOND
from relay.deliver.enrich.enricher import Answers, Enricher, Enrichment, NotYet
from relay.deliver.enrich.line import LINE
from relay.delivery import Dead, Delivery
from relay.errors import StoreUnavailable
from relay.store.progress import Json
from tests.clock import ManualClock
from tests.deliver.enriching import FOUND, EnrichStand, says
from tests.deliver.owed import delivery, event
from tests.eventually import eventually
from tests.target import HANG, Answer, ScriptedTarget, Then

WITHIN = 600 * SECOND


def late(said: Answer) -> Answer:
    """The same, when the api is let go."""
    return Answer(b"", Then.HANG, said.raw)


def needed(enriching: EnrichStand) -> tuple[Enrichment, ...]:
    return enriching.enricher.needed(enriching.worker.lanes["box"].composer.shapes["all"])


def ask(enriching: EnrichStand, of: Delivery, age: int = 0, *, last: bool = False) -> "asyncio.Task[object]":
    """A delivery that asks."""
    return asyncio.ensure_future(enriching.enricher.ask(of, needed(enriching), age, last=last))


async def owed(enriching: EnrichStand) -> Delivery:
    """What is owed for an order that has just come; the worker leaves it alone."""
    (id,) = await enriching.order("7", "nowhere")
    return delivery(of=replace(event(body=b'{"id":"7"}'), id=id))


async def test_a_replay_while_it_is_asked(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, clock: ManualClock
) -> None:
    """What was asked before the replay is no answer to it; to those that were not replayed it is."""
    api.script = [late(says({"total": 5})), late(says({"total": 6}))]
    enriching.serve(api, target)
    one = await owed(enriching)
    replayed = replace(one, replays=1)
    before = ask(enriching, one)
    await api.next()
    clock.advance(60)
    behind = [ask(enriching, each) for each in (replayed, one, replayed)]
    await api.next()
    api.let_go()
    assert [await each for each in (before, *behind)] == [
        Answers({"order": {"total": total}}) for total in (5, 6, 6, 6)
    ]
    assert await ask(enriching, replayed, 1) == Answers({"order": {"total": 6}})
    assert len(api.requests) == 2


async def test_one_of_several_is_called_off(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """The others get the answer."""
    api.script = [late(FOUND)]
    enriching.serve(api, target)
    one = await owed(enriching)
    first, second = ask(enriching, one), ask(enriching, one)
    await api.next()
    first.cancel()
    await asyncio.wait([first])
    api.let_go()
    assert await second == Answers({"order": {"total": 5}})
    assert len(api.requests) == 1


async def test_all_are_called_off(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """The answer is there for whoever comes next."""
    api.script = [late(FOUND)]
    enriching.serve(api, target)
    one = await owed(enriching)
    only = ask(enriching, one)
    await api.next()
    only.cancel()
    await asyncio.wait([only])
    api.let_go()
    assert await ask(enriching, one) == Answers({"order": {"total": 5}})
    assert len(api.requests) == 1


async def test_no_room_in_the_line(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, clock: ManualClock
) -> None:
    """Who is in time comes back when `within` ends at the latest, and is given up if it is full then, too.
    Who came late waits for its turn.
    """
    api.rest = HANG
    enriching.serve(api, target, within="10m", rate="1/m")
    waiting = [ask(enriching, await owed(enriching)) for _ in range(LINE)]
    await api.next()
    await eventually(lambda: enriching.enricher._desks["order"].line.full)
    in_time, late_one = await owed(enriching), await owed(enriching)
    away = await ask(enriching, in_time, WITHIN - 30 * SECOND)
    assert away == NotYet("enrich order: others are asked for first", clock.now() + 30 * SECOND)
    away = await ask(enriching, late_one, WITHIN + SECOND, last=True)
    assert isinstance(away, NotYet)
    assert (away.until or 0) > clock.now() + 60 * SECOND
    clock.advance(30)
    assert await ask(enriching, in_time, WITHIN) == Dead("enrich order: others are asked for first")
    again = await ask(enriching, late_one, WITHIN + 31 * SECOND)
    assert isinstance(again, NotYet)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


async def test_whoever_looks_again_is_waited_for(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, clock: ManualClock
) -> None:
    """Those that come while one finds out whether there are answers again do not fail by what was before."""
    enriching.serve(api, target)
    await api.close()
    failed = [await ask(enriching, await owed(enriching)) for _ in range(5)]
    assert {type(each) for each in failed} == {NotYet}
    clock.advance(1)
    await api.open()
    api.script = [late(FOUND)]
    asking = [ask(enriching, await owed(enriching), last=True) for _ in range(5)]
    await api.next()
    api.let_go()
    assert [await each for each in asking] == [Answers({"order": {"total": 5}})] * 5


class Unread:
    """A store that gives nothing back at the moment."""

    works = False

    def next_id(self, _now: int) -> str:
        return "f"  # of a later time than any

    async def answers(self, event: str) -> Mapping[str, Json]:
        if not self.works:
            raise StoreUnavailable("the store is busy")
        return {}

    def keep_answer(self, event: str, name: str, answer: Json) -> None:
        """Forget it."""


async def test_a_store_that_cannot_be_read(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, clock: ManualClock
) -> None:
    """Nothing is asked that may have been answered: the delivery comes back soon, and has spent nothing."""
    enriching.serve(api, target)
    store = Unread()
    enricher = Enricher(store, clock)
    enricher.open(enriching.enricher._enrichments, enriching.apis)
    one = await owed(enriching)
    found = await enricher.ask(one, needed(enriching), 0, last=True)
    assert isinstance(found, NotYet)
    assert found.why == "enrich order: the store is busy"
    assert SECOND <= (found.until or 0) - clock.now() < 2 * SECOND
    assert api.requests == []
    store.works = True
    assert await enricher.ask(one, needed(enriching), 0, last=True) == Answers({"order": {"total": 5}})
    await enricher.close()
