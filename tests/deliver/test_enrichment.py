"""Enrichments of a file: which of them a delivery needs, and all that is wrong with their expressions."""

from typing import Any

from relay.config.schema import Config
from relay.deliver.enrich.enrichment import Enrichments, open_enrichments
from relay.deliver.shape import PLAIN, Shape, open_shapes
from tests.deliver.enriching import ORDER

API = {"shop": {"url": "http://shop.example", "rate": "2/s"}}


def opened(**tables: dict[str, Any]) -> tuple[Enrichments, list[str]]:
    """Those of a file of these tables, and its problems as they are told."""
    config = Config.model_validate({"api": API, "enrich": tables}, by_alias=True, by_name=False)
    found, problems = open_enrichments(config)
    return found, [problem.at("f") for problem in problems]


def key(**table: Any) -> str:
    (only,) = opened(order=ORDER | table)[0].all
    return only.key


def test_every_problem_at_its_key() -> None:
    """All of them at once, with what may be named there."""
    table = {
        "on": "evnt.type == 'a'",
        "path": "/orders/${event.data.id + }",
        "query": {"a": "${order}"},
        "headers": {"X-A": "${page}"},
        "json": {"deep": ["${now}"]},
        "data": "query.a",
        "check": "event.id",
        "wait": "duration(",
    }
    event, answer = "CEL over event, headers, query, body and digest", "CEL over event, and over body"
    _, problems = opened(order=ORDER | table, **{"other-1": ORDER | {"on": "size(body)"}})
    expected = {
        "enrich.order.on": ("evnt", event),
        "enrich.order.path": ("event.data.id + ", event),
        "enrich.order.query.a": ("order", event),
        "enrich.order.headers.X-A": ("page", event),
        "enrich.order.json.deep": ("now", event),
        "enrich.order.data": ("query", answer),
        "enrich.order.check": ("event", "CEL over status, headers, body"),
        "enrich.order.wait": ("", "CEL over status, headers, body"),
        "enrich.other-1.on": ("always gives int, not bool", "such as event.type"),
    }
    for path, (text, hint) in expected.items():
        (told,) = [problem for problem in problems if problem.startswith(f"f: {path}: ")]
        assert text in told
        assert hint in told
    assert len(problems) == len(expected)


def test_what_a_delivery_needs() -> None:
    """Whose variable its transform, headers or path name; none for what is sent as it is, or not at all."""
    found, _ = opened(order=ORDER, buyer=ORDER | {"put": "buyer"})
    routes: dict[str, dict[str, Any]] = {
        "both": {"transform": "[order, buyer]"},
        "head": {"headers": {"X-A": "buyer.name"}},
        "path": {"path": "/o/${order.id}"},
        "none": {"transform": "body.order"},
    }
    tables = {name: shape | {"from": "a", "to": "b"} for name, shape in routes.items()}
    enrich = {"order": ORDER, "buyer": ORDER | {"put": "buyer"}}
    file = {"api": API, "enrich": enrich, "route": tables}
    config = Config.model_validate(file, by_alias=True, by_name=False)
    shapes, problems = open_shapes(config)
    assert problems == []
    needed = {name: [each.name for each in found.needed(shape)] for name, shape in shapes.items()}
    assert needed == {"both": ["order", "buyer"], "head": ["buyer"], "path": ["order"], "none": []}
    assert found.needed(shapes["both"]) is found.needed(shapes["both"])
    assert (found.needed(PLAIN), found.needed(None), Enrichments().needed(Shape())) == ((), (), ())


def test_answers_are_kept_by_what_they_are() -> None:
    """Whatever makes it another question, or another part of the answer, makes it another key."""
    assert key() == key(within="5m", on_fail="send", missing="skip", rate="1/s", on="true")
    others = [
        key(),
        key(put="buyer"),
        key(path="/other/${event.data.id}.json"),
        key(query={"a": "1"}),
        key(headers={"X-A": "1"}),
        key(json={"a": 1.5}),
        key(form={"a": "1"}),
        key(method="POST"),
        key(format="text"),
        key(data="body.order"),
        key(check="'ok'"),
    ]
    assert len(set(others)) == len(others)


def test_the_pace_that_the_file_allows() -> None:
    """The slower of the api's rate and its own, in microseconds."""
    (slow,), (fast,) = opened(order=ORDER | {"rate": "1/m"})[0].all, opened(order=ORDER)[0].all
    assert (slow.pace, fast.pace) == (60_000_000, 500_000)
