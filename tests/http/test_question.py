"""A request: rendered from its templates, and merged with what `next` says."""

from typing import Any

import pytest

from relay.expression.errors import ExpressionError
from relay.http.compiler import request_template
from relay.http.question import Question, RequestTemplate
from relay.poll.definition import compiler
from relay.template import Unfit
from tests.poll.stand import poll_config

HEAD = 'api = "a"\npath = "/p"\nitems = "body"\nid = "item"\n'
VARIABLES: dict[str, Any] = {"each": {"room": "r&d"}, "since": None, "cursor": None}


def request(toml: str) -> RequestTemplate:
    found = compiler("poll", "a")
    made = request_template(poll_config(HEAD + toml), found)
    assert found.problems == []
    return made


def render(toml: str, **variables: Any) -> Question:
    return request(toml).render(VARIABLES | variables)


def test_parameters() -> None:
    """As they stand, with their types as text; a list repeats; null is left out; data stays data."""
    made = render(
        'query = { limit = 100, all = true, ratio = 0.5, type = ["a", "b"], room = "${each.room}", '
        'since = "${unix(since)}", both = "x${each.room}${cursor}", many = "${[1, 2]}" }'
    )
    assert made.query == (
        ("limit", "100"),
        ("all", "true"),
        ("ratio", "0.5"),
        ("type", "a"),
        ("type", "b"),
        ("room", "r&d"),
        ("many", "1"),
        ("many", "2"),
    )


def test_json_keeps_its_types() -> None:
    """A text that is exactly one `${}` is what it gives; nulls are left out of maps and lists."""
    made = render(
        'method = "POST"\njson = { a = "${[1, {\'b\': true}]}", b = "n${1 + 1}", c = "${since}", '
        'd = ["${since}", 1], e = { f = "${cursor}" }, g = 1.5, h = "${{}}" }'
    )
    assert made.json == {"a": [1, {"b": True}], "b": "n2", "d": [1], "e": {}, "g": 1.5, "h": {}}


def test_headers_and_forms() -> None:
    """Headers hold one line; a form is a form."""
    made = render(
        'method = "POST"\nheaders = { X-Room = "${each.room}", X-Since = "${since}" }\nform = { a = "b" }'
    )
    assert (made.headers, made.form, made.json) == ((("X-Room", "r&d"),), (("a", "b"),), None)
    with pytest.raises(Unfit):
        render('headers = { X-Room = "${each.room}" }', each={"room": "a\r\nX: b"})


def test_an_optional_is_what_it_holds() -> None:
    """Wherever `${}` stands: what is not there is left out, as null is."""
    made = render(
        'method = "POST"\nquery = { a = "${each.?room}", b = "${each.?nope}", '
        'c = "${each.?many}" }\nheaders = { X-A = "${each.?room}", X-B = "${each.?nope}" }\n'
        'json = { a = "${each.?many}", b = "${each.?nope}", c = "n${each.?room}" }',
        each={"room": "r&d", "many": [1, 2]},
    )
    assert made.query == (("a", "r&d"), ("c", "1"), ("c", "2"))
    assert made.headers == (("X-A", "r&d"),)
    assert made.json == {"a": [1, 2], "c": "nr&d"}


def test_what_cannot_be_rendered() -> None:
    """An error of an expression, and a value that is no scalar."""
    with pytest.raises(ExpressionError):
        render('query = { a = "${each.nope}" }')
    with pytest.raises(Unfit):
        render("query = { a = \"${{'b': 1}}\" }")


FIRST = Question("POST", "/p", (("a", "1"), ("b", "2")), (("X", "y"),), {"q": 1, "v": {"s": 2}})


@pytest.mark.parametrize(
    ("change", "field", "made"),
    [
        ({"query": {"a": 7}}, "query", (("b", "2"), ("a", "7"))),
        ({"query": {"a": None}}, "query", (("b", "2"),)),
        ({"query": {"c": ["x", "y"]}}, "query", (("a", "1"), ("b", "2"), ("c", "x"), ("c", "y"))),
        ({"headers": {"x": "z"}}, "headers", (("x", "z"),)),
        ({"json": {"v": {"after": "c"}}}, "json", {"q": 1, "v": {"s": 2, "after": "c"}}),
        ({"json": {"v": None}}, "json", {"q": 1, "v": None}),
        ({"form": {"n": 1}}, "form", (("n", "1"),)),
    ],
)
def test_next_is_merged_into_the_first_request(change: dict[str, Any], field: str, made: Any) -> None:
    """Its values take the place of those of the same name; all else is as it was."""
    merged = FIRST.merged(change)
    assert getattr(merged, field) == made
    assert (merged.method, merged.url) == ("POST", "/p")


@pytest.mark.parametrize(
    "change", [{"url": "x"}, {"path": "/x"}, {"method": "GET"}, {"query": 1}, {"query": {"a": {"b": 1}}}]
)
def test_next_changes_neither_path_nor_host(change: dict[str, Any]) -> None:
    """What it may not give is told."""
    with pytest.raises(Unfit):
        FIRST.merged(change)


def test_which_variables_a_request_uses() -> None:
    """Wherever in it they stand."""
    made = request('method = "POST"\nquery = { a = "${since}" }\njson = { b = ["${each.room}"] }')
    assert made.names == {"since", "each"}
