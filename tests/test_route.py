"""Which targets are owed an event."""

import pytest

from relay.delivery import State
from relay.plan import plan
from relay.route import Planned, Route, Routes
from relay.seen import Seen
from tests.deliver.owed import event


@pytest.mark.parametrize(
    ("pattern", "source", "takes"),
    [
        ("shop", "shop", True),
        ("shop", "shop2", False),
        ("shop*", "shop2", True),
        ("*", "shop", True),
        ("sh?p", "shop", True),
        ("sh?p", "shp", False),
        ("sh[aeo]p", "shop", True),
        ("sh[!o]p", "shop", False),
        ("Shop", "shop", False),
        ("*", "relay", False),
        ("rela?", "relay", False),
        ("relay", "relay", True),
    ],
)
def test_takes(pattern: str, source: str, takes: bool) -> None:
    """Names and globs, case counts; relay's own events only by name."""
    assert Route("r", (pattern,), ("box",)).takes(source) is takes


def test_plan() -> None:
    """In the order of the file, one for each route and target, also where two routes name the same."""
    routes = Routes(
        [
            Route("a", ("x", "shop"), ("one", "two")),
            Route("b", ("other",), ("one",)),
            Route("c", ("*",), ("one",)),
        ]
    )
    owed = (Planned("a", "one"), Planned("a", "two"), Planned("c", "one"))
    assert plan(Seen(event()), routes) == owed
    assert plan(Seen(event(2)), routes) == owed


def test_what_a_route_plans_is_pending() -> None:
    """Nothing has ended before it was tried."""
    (owed,) = plan(Seen(event()), Routes([Route("a", ("shop",), ("one",))]))
    assert (owed.state, owed.reason) == (State.PENDING, None)


def test_unrouted() -> None:
    """No route takes it: nothing is owed."""
    assert plan(Seen(event()), Routes()) == ()
