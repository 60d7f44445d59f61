"""What is told of deliveries and targets, and what is not: nothing is told of what tells, for ever."""

import json

import pytest

from relay.alert import Alert
from relay.deliver.telling import Telling
from relay.delivery import Dead, Delivered, Delivery, Ended
from relay.event import Event
from relay.metrics import Metrics
from relay.target import TargetState
from tests.clock import START

WELL = TargetState()
DOWN = TargetState(down_at=START)


@pytest.fixture
def told() -> list[Alert]:
    return []


@pytest.fixture
def telling(told: list[Alert]) -> Telling:
    made = Telling(Metrics())
    made.tell = told.append
    return made


def delivery(source: str = "shop", kind: str = "order.paid", name: str = "box") -> Delivery:
    event = Event("e", source, None, kind, "webhook", START, json.dumps({"name": name}).encode())
    return Delivery("e-1", "e-1", "all", "box", 0, 0, START, event)


OWN = delivery("relay", "target.down")


def types(told: list[Alert]) -> list[str]:
    return [alert.type for alert in told]


@pytest.mark.parametrize(
    ("tried", "told_of"),
    [
        ((), True),
        ((delivery(),), True),
        ((OWN,), False),
        ((OWN, delivery()), True),
        ((delivery("relay", "target.down", "ledger"),), True),
        ((delivery("relay", "delivery.dead"),), True),
        ((delivery("shop", "target.down"),), True),
    ],
)
def test_what_tells_of_a_target_tells_no_more_of_it(
    telling: Telling, told: list[Alert], tried: tuple[Delivery, ...], told_of: bool
) -> None:
    """Down and back is news unless all that showed it tells of that very target."""
    assert telling.changed("box", WELL, DOWN, "refused", START, tried)
    assert types(told) == ["target.down"] * told_of
    assert not telling.changed("box", DOWN, WELL, "", START, (OWN,))
    assert types(told) == ["target.down", "target.recovered"] * told_of


def test_another_probe_tells_it_after_all(telling: Telling, told: list[Alert]) -> None:
    """That it is down is told as soon as something else shows it, once."""
    probed = TargetState(down_at=START, probes=1)
    telling.changed("box", WELL, DOWN, "refused", START, (OWN,))
    assert not telling.changed("box", DOWN, probed, "refused", START, (OWN,))
    assert told == []
    assert not telling.changed(
        "box", probed, TargetState(down_at=START, probes=2), "reset", START, (delivery(),)
    )
    telling.changed("box", probed, TargetState(down_at=START, probes=3), "reset", START, (delivery(),))
    assert types(told) == ["target.down"]
    telling.changed("box", probed, WELL, "", START, (delivery(),))
    assert types(told) == ["target.down", "target.recovered"]


def test_a_new_daemon_does_not_tell_it_again(telling: Telling, told: list[Alert]) -> None:
    """A target that was down before the start, and whose probe fails, is no news."""
    telling.changed("box", DOWN, TargetState(down_at=START, probes=1), "refused", START, (delivery(),))
    assert told == []


def test_a_dead_own_event_is_told_nobody(telling: Telling, told: list[Alert]) -> None:
    """Not even where it was tried together with others, which are told."""
    telling.settled("box", (delivery(), OWN), Dead("too old"), None, START)
    assert [(alert.type, alert.count) for alert in told] == [("delivery.dead", 1)]


@pytest.mark.parametrize(("own", "counts"), [(0, [3]), (2, [1]), (3, [])])
def test_ended_own_events_do_not_count(
    telling: Telling, told: list[Alert], own: int, counts: list[int]
) -> None:
    """Of those that became too old together, the others are told as one."""
    telling.ended("box", Ended(3, None, own, "e", "all"), "older than max_age")
    assert [alert.count for alert in told] == counts
    assert all(
        alert.detail == {"error": "older than max_age", "event_id": "e", "route": "all"} for alert in told
    )
    telling.ended("box", Ended(0, None), "older than max_age")
    assert len(told) == len(counts)


def test_resumed_by_hand(telling: Telling, told: list[Alert]) -> None:
    """The first delivery tells that a target is back that was resumed while it was down; no other does."""
    telling.changed("box", WELL, DOWN, "refused", START)
    telling.resumed("box", DOWN)
    telling.settled("ledger", (delivery(),), Delivered(), None, START)
    assert types(told) == ["target.down"]
    for _ in range(2):
        telling.settled("box", (delivery(),), Delivered(), None, START + 5_000_000)
    assert types(told) == ["target.down", "target.recovered"]
    assert told[-1].detail == {"seconds": 5.0}
    telling.resumed("box", WELL)
    telling.settled("box", (delivery(),), Delivered(), None, START)
    assert len(told) == 2


def test_resumed_and_down_again(telling: Telling, told: list[Alert]) -> None:
    """It is back when that is over, not before."""
    telling.changed("box", WELL, DOWN, "refused", START)
    telling.resumed("box", DOWN)
    telling.changed("box", WELL, DOWN, "refused", START)
    telling.settled("box", (delivery(),), Delivered(), None, START)
    assert types(told) == ["target.down", "target.down"]
