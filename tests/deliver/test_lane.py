"""A target's table made into a lane, and made again by a reload."""

from aiohttp import ClientSession

from relay.clock import SECOND, SystemClock
from relay.config.target import TargetConfig
from relay.deliver.headers import Envelope
from relay.deliver.lane import Blueprint, Lane, open_lane
from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.log import LogTarget
from relay.deliver.targets.open import Means, prepare_target
from relay.http.session import open_session
from relay.target import TargetState
from tests.clock import START


def lane_of(name: str, table: TargetConfig, means: Means, before: Lane | None = None) -> Lane:
    """The lane of a table that is in order."""
    made = prepare_target(name, table)
    assert not isinstance(made, list), made
    return open_lane(name, table, Blueprint({name: made}, {}), means, Envelope({}), before)


def means(session: ClientSession) -> Means:
    return Means(session, SystemClock())


def table(**given: object) -> TargetConfig:
    return TargetConfig.model_validate({"url": "http://127.0.0.1:9/"} | given)


async def test_from_its_table() -> None:
    """Slots, rate and retry are the table's; the kind of target is its url's."""
    async with open_session() as session:
        retry = {"schedule": ["1s"], "jitter": 0.5, "max_age": "1h"}
        lane = lane_of("box", table(concurrency=3, rate="2/s", retry=retry), means(session))
        assert (lane.gate.concurrency, lane.gate.room(TargetState(), START)) == (3, 2)
        assert (lane.policy.schedule, lane.policy.jitter, lane.policy.max_age) == ((1.0,), 0.5, 3600 * SECOND)
        assert isinstance(lane.target, HttpTarget)
        assert isinstance(lane_of("out", table(url="log:"), means(session)).target, LogTarget)


async def test_made_again() -> None:
    """What runs goes on counting, and so does what is known of failures; the limits are the new ones."""
    async with open_session() as session:
        before = lane_of("box", table(), means(session))
        before.gate.enter(TargetState(down_at=START), START)
        before.gate.record.failed("one", START)
        lane = lane_of("box", table(concurrency=2), means(session), before)
        assert (lane.gate.running, lane.gate.probing, lane.gate.concurrency) == (1, True, 2)
        assert lane.gate.record is before.gate.record


async def test_a_reload_refills_no_rate() -> None:
    """What a rate has spent stays spent, until the rate itself is another."""
    async with open_session() as session:
        before = lane_of("box", table(rate="1/s"), means(session))
        before.gate.enter(TargetState(), START)
        same = lane_of("box", table(rate="1/s", timeout="9s"), means(session), before)
        assert same.gate.room(TargetState(), START) == 0
        other = lane_of("box", table(rate="5/s"), means(session), same)
        assert other.gate.room(TargetState(), START) == 5


async def test_a_reload_keeps_a_connection() -> None:
    """Of a target about which nothing is another; any other is made anew."""
    async with open_session() as session:
        before = lane_of("box", table(), means(session))
        assert lane_of("box", table(), means(session), before).target is before.target
        assert lane_of("box", table(timeout="9s"), means(session), before).target is not before.target
