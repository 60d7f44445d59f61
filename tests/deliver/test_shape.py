"""What a route makes of an event."""

from typing import Any

import orjson
import pytest

from relay.config.schema import Config
from relay.deliver.shape import Failed, Made, Shape, open_shapes, shape
from relay.expression.errors import ExpressionError
from relay.seen import Seen
from tests.deliver.owed import event


def opened(**route: Any) -> Shape:
    shapes, problems = open_shapes(config(**route))
    assert not problems, problems
    return shapes["all"]


def config(**route: Any) -> Config:
    tables = {"route": {"all": {"from": "shop", "to": "box"} | route}, "target": {"box": {"url": "log:"}}}
    return Config.model_validate(tables, by_alias=True, by_name=False)


ORDER = b'{"id":7,"amount":12.50,"items":[{"sku":"a"},{"sku":"b"}]}'


def made(body: bytes = ORDER, **route: Any) -> Made | Failed | None:
    return shape(Seen(event(body=body)), opened(**route))


@pytest.mark.parametrize(
    ("transform", "body"),
    [
        ('{"z": body.id, "a": event.type}', b'{"a":"order.paid","z":7}'),
        ("body.items.map(i, i.sku)", b'["a","b"]'),
        ('"text"', b'"text"'),
        ("9007199254740993", b"9007199254740993"),
        ('{"at": event.received, "for": duration("90s")}', b'{"at":"2026-09-21T14:13:20Z","for":"90s"}'),
        ('b"\\x00\\xff"', b'"AP8="'),
        ("body.?nope", None),
        ("null", None),
        ('{"n": null}', b'{"n":null}'),
    ],
)
def test_transform(transform: str, body: bytes | None) -> None:
    """Any JSON value, compact, with sorted keys; null: nothing."""
    got = made(transform=transform)
    assert got == (None if body is None else Made(body))


@pytest.mark.parametrize(
    ("route", "step"),
    [
        ({"transform": "body.nope"}, "transform"),
        ({"transform": "0.0 / 0.0"}, "transform"),
        ({"headers": {"X-A": "body"}}, "X-A"),
        ({"headers": {"X-A": "body.nope"}}, "X-A"),
        ({"path": "/a/${body.?nope}"}, "path"),
        ({"path": "/a/${raw(body.nope)}"}, "path"),
        ({"path": "/a/${'..'}"}, "path"),
    ],
)
def test_what_fails(route: dict[str, Any], step: str) -> None:
    """Told with the key at fault."""
    got = made(**route)
    assert isinstance(got, Failed)
    assert got.reason.startswith(f"{step}: ")


def test_headers() -> None:
    """A string, number or bool as text, control characters percent-encoded; null: none of that name."""
    some = {"A": "body.id", "B": "body.amount", "C": "true"}
    got = made(headers=some | {"D": '"a\\nb é"', "E": "null", "F": "body.?nope"})
    assert isinstance(got, Made)
    assert got.headers == {"A": "7", "B": "12.5", "C": "true", "D": "a%0Ab é", "E": None, "F": None}


def test_path() -> None:
    """Data names one segment and no more."""
    got = made(b'{"id":"a/../b?c"}', path="/orders/${body.id}/x")
    assert got == Made(path="/orders/a%2F..%2Fb%3Fc/x")


def test_too_much_work_is_told_apart() -> None:
    """With a larger budget it may go well."""
    many = orjson.dumps(list(range(2000)))
    with pytest.raises(ExpressionError) as raised:
        shape(Seen(event(body=many)), opened(transform="body.map(x, x + 1)"), 1000)
    assert raised.value.exhausted
    assert shape(Seen(event(body=many)), opened(transform="body.map(x, x + 1)")) is not None


def test_names() -> None:
    """All that any of them uses: by these enrichments are asked."""
    opened_ = opened(transform='{"a": body.a}', headers={"X": "digest"}, path="/${event.id}")
    assert opened_.names == {"body", "digest", "event.id"}


def test_a_route_that_changes_nothing_has_no_shape() -> None:
    """Its events cost nothing here."""
    assert open_shapes(config())[0] == {}


@pytest.mark.parametrize(
    ("route", "path", "text"),
    [
        ({"transform": "bdoy.a"}, "route.all.transform", "undeclared reference to 'bdoy"),
        ({"headers": {"X-A": "1 +"}}, "route.all.headers.X-A", "Syntax error"),
        ({"headers": {"X-A": "[1]"}}, "route.all.headers.X-A", "always gives list"),
        ({"path": "/a/${b}"}, "route.all.path", "undeclared reference to 'b'"),
    ],
)
def test_problems(route: dict[str, Any], path: str, text: str) -> None:
    """At the key, with what is wrong."""
    (problem,) = open_shapes(config(**route))[1]
    assert problem.path == path
    assert text in problem.text
