"""Texts with `${CEL}`: what data can do to a path, and what it cannot."""

from typing import Any

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import CompileError
from relay.template import Unfit, as_text, pieces, template

SCOPE = Environment({"x": "dyn", "keys": "list(string)", "t": "timestamp"})


def path(text: str, x: Any) -> str:
    return template(text, SCOPE).path({"x": x})


@pytest.mark.parametrize(
    ("text", "x", "made"),
    [
        ("/a/${x}", "b c", "/a/b%20c"),
        ("/a/${x}/d", "b/../c?d#e%2F", "/a/b%2F..%2Fc%3Fd%23e%252F/d"),
        ("/a/${x}.json", 7, "/a/7.json"),
        ("/a/${x}", 9007199254740993, "/a/9007199254740993"),
        ("/a/${x}", True, "/a/true"),
        ("/a/${x}", "ü\u202e\ud800", "/a/%C3%BC%E2%80%AE%3F"),
        ("/a/${x}", "//evil.example/", "/a/%2F%2Fevil.example%2F"),
        ("/a/${x}", "\r\nHost: evil", "/a/%0D%0AHost%3A%20evil"),
        ("/a/${encode(x)}", "/b//c==", "/a/%252Fb%252F%252Fc%253D%253D"),
        ("/a/${raw(x)}/events", "octo/hello", "/a/octo/hello/events"),
        ("/a/${x}${x}", "b", "/a/bb"),
        ("/a?b=${x}", "c&d", "/a?b=c%26d"),
        ("/a/${x}", "...", "/a/..."),
        ("/a/..${x}", "b", "/a/..b"),
        ("/$5/{b}", None, "/$5/{b}"),
    ],
)
def test_data_names_one_segment(text: str, x: Any, made: str) -> None:
    """Every `${}` of a path is percent-encoded, unless it is raw."""
    assert path(text, x) == made


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("/a/${x}", None),
        ("/a/${x}", "."),
        ("/a/${x}", ".."),
        ("/a/${x}/b", ".."),
        ("/a/.${x}", "."),
        ("/a/${raw(x)}", "../admin"),
        ("/a/${raw(x)}", "b/%2e%2E/c"),
        ("/a/${raw(x)}", "b c"),
        ("/a/${raw(x)}", "b#c"),
        ("/a/${raw(x)}", "b\r\nX: y"),
        ("/a/${raw(x)}", "..\\b"),
        ("/a/${raw(x)}", "ü"),
        ("/a/${x}", ["b"]),
        ("/a/${x}", {"b": 1}),
    ],
)
def test_what_leads_elsewhere_is_an_error(text: str, x: Any) -> None:
    """Null, `.` and `..`, encoded too, and whatever could end a path."""
    with pytest.raises(Unfit):
        path(text, x)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", [("plain", None)]),
        ("${x}", [("", "x"), ("", None)]),
        ("a${x}b${x}c", [("a", "x"), ("b", "x"), ("c", None)]),
        ("${x.map(k, {'n': {'k': k}})}!", [("", "x.map(k, {'n': {'k': k}})"), ("!", None)]),
        ("${'}' + \"}\"}", [("", "'}' + \"}\""), ("", None)]),
        (r"${'a\'}' + x}", [("", r"'a\'}' + x"), ("", None)]),
        (r"${r'\' + '}'}", [("", r"r'\' + '}'"), ("", None)]),
        ("${'''a'}b'''}", [("", "'''a'}b'''"), ("", None)]),
        ("query($q: String) { a }", [("query($q: String) { a }", None)]),
    ],
)
def test_where_an_expression_ends(text: str, found: list[tuple[str, str | None]]) -> None:
    """Its braces are balanced; those in its strings do not count."""
    assert list(pieces(text)) == found


@pytest.mark.parametrize("text", ["${x", "${'}", "${{'a': 1}", "a ${x} ${"])
def test_an_expression_that_does_not_end(text: str) -> None:
    """It is told when the file is loaded."""
    with pytest.raises(CompileError, match="without its"):
        template(text, SCOPE)


def test_every_fault_of_a_text_is_told() -> None:
    """Both expressions, by their texts."""
    with pytest.raises(CompileError) as caught:
        template("${nope} ${x +}", SCOPE)
    assert ["'nope'" in str(caught.value), "'x +'" in str(caught.value)] == [True, True]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (2.0, "2"), (1.5, "1.5"), (1e300, "1e+300"), (-3, "-3"), ("", "")]
)
def test_scalars_as_text(value: Any, text: str) -> None:
    """As senders of JSON write them."""
    assert as_text(value) == text


def test_a_null_leaves_the_whole_text_out() -> None:
    """One null among several expressions is enough."""
    made = template("${x}-${keys[0]}", SCOPE)
    assert made.text({"x": 1, "keys": ["k"]}) == "1-k"
    assert made.text({"x": None, "keys": ["k"]}) is None
    assert made.names == {"x", "keys"}


def test_an_optional_is_what_it_holds() -> None:
    """`.?` may end an expression: what is not there is as null."""
    made = template("${x.?a}-${keys[?0]}", SCOPE)
    assert made.text({"x": {"a": "b c"}, "keys": ["k"]}) == "b c-k"
    assert made.text({"x": {}, "keys": ["k"]}) is None
    assert path("/${x.?a}/${x.?b.?c}", {"a": "b c", "b": {"c": 7}}) == "/b%20c/7"
    with pytest.raises(Unfit, match="is null"):
        path("/${x.?a}", {})


def test_null_beside_something_else_compiles() -> None:
    """`a ? {…} : null`, as everybody writes it; a `null` in a string is left alone."""
    made = template("${x == 1 ? 'null' : null}", SCOPE)
    assert [made.text({"x": 1}), made.text({"x": 2})] == ["null", None]
    made = template("${x['null'] == 1 ? \"a\" : null}", SCOPE)
    assert made.text({"x": {"null": 1}}) == "a"
    with pytest.raises(CompileError, match="undeclared"):
        template("${nope ? 'a' : null}", SCOPE)
