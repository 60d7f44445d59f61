"""What an event is owed, where that takes a look at it."""

from typing import Any

import orjson
import pytest

from relay.delivery import Shaped, State
from relay.plan import TOO_MUCH, decide, plan, plan_quickly
from relay.route import OnError, Planned, Route, Routes
from relay.seen import Seen, environment
from tests.deliver.owed import event

SLOW = "body.all(a, body.all(b, body.all(c, a + b + c >= 0)))"
"""So much work that no budget is enough, on a list of a few hundred."""
LIST = orjson.dumps(list(range(300)))


def route(
    name: str,
    when: str | None = None,
    *to: str,
    source: str = "shop",
    on_error: OnError = "dead",
    unrouted: bool = False,
    shaped: bool = False,
) -> Route:
    program = None if when is None else environment().compile(when)
    return Route(name, (source,), to or ("box",), program, on_error, unrouted, shaped)


def seen(body: bytes = b'{"n":1}', **said: Any) -> Seen:
    return Seen(event(body=body, **said))


def owed(routes: Routes, body: bytes = b'{"n":1}', **said: Any) -> tuple[Planned, ...]:
    """The same, wherever it is planned."""
    planned = plan(seen(body, **said), routes)
    quickly = plan_quickly(seen(body, **said), routes)
    assert quickly is None or quickly == planned
    return planned


def test_a_filter_chooses() -> None:
    """One that is false plans nothing; each of a route's targets gets its own."""
    routes = Routes([route("a", "body.n == 1", "one", "two"), route("b", "body.n == 2"), route("c")])
    assert owed(routes) == (Planned("a", "one"), Planned("a", "two"), Planned("c", "box"))
    assert owed(routes, b'{"n":2}') == (Planned("b", "box"), Planned("c", "box"))


@pytest.mark.parametrize(
    "when",
    [
        'event.type == "order.paid" && event.source == "shop"',
        'event.via == "webhook" && event.key == "key-1" && event.data.n == 1',
        'headers["content-type"] == "application/json"',
        "query == {} && digest.size() == 64",
        "event.received > timestamp('2020-01-01T00:00:00Z') && event.time == null",
        'body.?n.orValue(0) == 1 && get(body, "m", 7) == 7',
    ],
)
def test_what_a_filter_may_name(when: str) -> None:
    """The variables of contract 2."""
    assert owed(Routes([route("a", when)])) == (Planned("a", "box"),)


@pytest.mark.parametrize("when", ["body.missing == 1", "body.n", "1 / (body.n - 1) == 1", '"x"'])
@pytest.mark.parametrize(
    ("on_error", "state", "shaped"),
    [
        ("dead", State.DEAD, Shaped.PLAIN),
        ("skip", State.SKIPPED, Shaped.PLAIN),
        ("send", State.PENDING, Shaped.BARE),
    ],
)
def test_a_filter_that_fails(when: str, on_error: OnError, state: State, shaped: Shaped) -> None:
    """It leaves a delivery in the state that `on_error` names, and every other route as it is."""
    failing, other = owed(Routes([route("a", when, on_error=on_error, shaped=True), route("b")]))
    assert (failing.state, failing.shaped, other) == (state, shaped, Planned("b", "box"))
    assert (failing.reason or "").startswith("" if state is State.PENDING else "when: ")


def test_what_no_other_route_takes() -> None:
    """`unrouted` takes what is left; one that failed has planned something, be it dead or skipped."""
    rest = route("rest", None, "attic", source="*", unrouted=True)
    routes = Routes(
        [
            rest,
            route("a", "body.n == 1"),
            route("b", "body.n / body.zero == 0", on_error="skip", source="other"),
        ]
    )
    assert owed(routes) == (Planned("a", "box"),)
    assert owed(routes, b'{"n":2}') == (Planned("rest", "attic"),)
    assert [each.state for each in owed(routes, source="other")] == [State.SKIPPED]
    assert owed(routes, source="third") == (Planned("rest", "attic"),)
    assert owed(routes, source="relay") == ()


def test_what_is_left_is_filtered_too() -> None:
    """`when` and `unrouted` go together."""
    routes = Routes([route("rest", "body.n == 3", unrouted=True)])
    assert (owed(routes), owed(routes, b'{"n":3}')) == ((), (Planned("rest", "box"),))


def test_orders() -> None:
    """The key of a target's order: a text, a number; null, a failure and a map are no order."""
    orders = {
        "text": "string(body.n)", "number": "body.n", "null": "null", "fails": "body.nope", "map": "body",
    }  # fmt: skip
    routes = Routes(
        [route("a", None, *orders, "none")],
        {name: environment().compile(text) for name, text in orders.items()},
    )
    assert [each.order for each in owed(routes)] == ["1", "1", None, None, None, None]


def test_alike_plans_are_one_object() -> None:
    """By which a store writes alike events at once."""
    routes = Routes([route("a", "body.n == 1"), route("b")])
    assert plan(seen(), routes) is plan(seen(), routes)


def test_shaped() -> None:
    """Remembered from the beginning: what it was to be made of it may not be known later."""
    (made,) = owed(Routes([route("a", shaped=True)]))
    assert made.shaped is Shaped.SHAPED


def test_one_that_costs_too_much_harms_no_other() -> None:
    """However many such filters there are, a plain one gets its answer; none of it on the loop."""
    slow = [route(f"slow{n}", SLOW) for n in range(20)]
    routes = Routes([*slow, route("plain", "body.exists(n, n == 299)")])
    assert plan_quickly(seen(LIST), routes) is None
    *failed, plain = plan(seen(LIST), routes)
    assert plain == Planned("plain", "box")
    assert {each.reason for each in failed} == {f"when: {TOO_MUCH}"}
    assert {each.state for each in failed} == {State.DEAD}


def test_a_long_body_is_not_read_on_the_loop() -> None:
    """Unless no expression looks into it."""
    long = orjson.dumps("x" * 100_000)
    assert plan_quickly(seen(long), Routes([route("a", "size(body) > 3")])) is None
    assert plan_quickly(seen(long), Routes([route("a", 'event.type == "order.paid"')])) is not None


def test_decide() -> None:
    """For people: every route, and why."""
    routes = Routes([route("a", "body.n == 2"), route("b", "body.x"), route("c", source="other"), route("d")])
    said = [(each.route.name, each.takes, each.error) for each in decide(seen(), routes)]
    assert said == [
        ("a", False, None),
        ("b", False, "no such key: x"),
        ("c", False, None),
        ("d", True, None),
    ]
