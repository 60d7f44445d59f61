"""`null` where another type could stand, too."""

from typing import Any

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import CompileError
from relay.expression.nulls import Typed

ENVIRONMENT = Environment({"x": "dyn", "n": "int", "t": "string"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('n == 1 ? "a" : null', None),
        ('n == 0 ? {"q": {"a": x}} : null', {"q": {"a": None}}),
        ("t == null", False),
        ("null == null", True),
        ("[1, null, t]", [1, None, "null"]),
        ('{"null": null}', {"null": None}),
        ("x == null ? 1 : 2", 1),
        ('t == \'null\' && t == r\'null\' && t == """null"""', True),
        ("null // null", None),
        ("type(null) == null_type", True),
    ],
)
def test_it_stands_beside_anything(text: str, expected: Any) -> None:
    """A condition gives a value or null, and anything is compared with it."""
    assert ENVIRONMENT.compile(text).value({"x": None, "n": 0, "t": "null"}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "'null'",
        '"it\\"s null"',
        "nullable",
        "x.nulls",
        "'''null'''",
        "r'\\null'",
        "// null",
        "b'null'",
        "_null",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    """Texts, comments and longer words stay as they are."""
    assert Typed(text).text == text


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("null == nothing", 1, 9),
        ("null == null && null != nothing", 1, 25),
        ("null ==\n  null && nothing == null", 2, 11),
        ("null + 1 + nothing", 1, 12),
    ],
)
def test_faults_are_where_they_were_written(text: str, line: int, column: int) -> None:
    """What is told behind a null is told at its own place."""
    with pytest.raises(CompileError) as caught:
        ENVIRONMENT.compile(text)
    assert (line, column) in [(problem.line, problem.column) for problem in caught.value.problems]
