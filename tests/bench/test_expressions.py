"""What the benchmark of expressions measures is the same work on both sides."""

import orjson
from cel_expr_python import cel

from bench.expressions import (
    FILTERS,
    HEADERS,
    TRANSFORM,
    environment,
    library,
    planning,
    push,
    shaping,
)
from relay.deliver.shape import Made
from relay.expression.output import dumps


def test_both_sides_give_the_same() -> None:
    """Every filter, and the transform, on an event of some 9 KB."""
    variables = {"body": orjson.loads(push()), "headers": HEADERS}
    ours, theirs = environment(), library()
    assert 8_000 < len(push()) < 10_000
    for text in FILTERS.values():
        value = theirs.compile(text).eval(data=variables)
        assert value.type() == cel.Type.BOOL
        assert ours.compile(text).holds(variables) is value.value()
    assert (
        ours.compile(TRANSFORM).json(variables)
        == theirs.compile(TRANSFORM).eval(data=variables).plain_value()
    )


def test_relays_own_way_gives_the_same() -> None:
    """Filters asked by routes plan a delivery where they hold, and a shape makes what the transform gives."""
    body = push()
    variables = {"body": orjson.loads(body), "headers": HEADERS}
    ours = environment()
    holding = [name for name, text in FILTERS.items() if ours.compile(text).holds(variables)]
    assert [owed.route for owed in planning(body)() or ()] == holding
    assert shaping(body)() == Made(dumps(ours.compile(TRANSFORM).json(variables)))
