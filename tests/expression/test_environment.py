"""The outside face: compiling with all errors at once, and asking programs."""

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

from relay.errors import RelayError
from relay.expression.environment import Environment
from relay.expression.errors import CompileError, ExpressionError, Fault
from relay.expression.values import Optional, Timestamp

ENVIRONMENT = Environment(
    {"body": "dyn", "headers": "map(string, string)", "now": "timestamp", "tags": "list(string)"}
)


class Counting(dict[str, Any]):
    """Computes what is asked for, and remembers what that was."""

    def __missing__(self, name: str) -> Any:
        self[name] = {"computed": name}
        return self[name]


def test_all_errors_of_a_text_are_told_at_once() -> None:
    """Each with its line and column from 1, whatever characters stand before it."""
    with pytest.raises(CompileError) as raised:
        ENVIRONMENT.compile("'é😀' == bdoy.x &&\n  headers.y > foo(1)")
    assert raised.value.problems == (
        Fault("undeclared reference to 'bdoy.x'", 1, 13),
        Fault("undeclared reference to 'foo'", 2, 18),
    )
    assert str(raised.value) == (
        "1:13: undeclared reference to 'bdoy.x'\n2:18: undeclared reference to 'foo'"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("body.x.matches('(a')", Fault("no regular expression: missing ): (a", 1, 15)),
        ("true &&\n timestamp('x') < now", Fault("no RFC 3339 time", 2, 11)),
        ("1 +" * 50 + "1", Fault("Exceeded max recursion depth of 32 when parsing.", 1, 1)),
        ("body + \0", Fault("Syntax error: token recognition error at: '", 1, 8)),
    ],
)
def test_an_error_says_where(text: str, problem: Fault) -> None:
    """What relay refuses beyond the checker is told in the same way."""
    with pytest.raises(CompileError) as raised:
        ENVIRONMENT.compile(text)
    assert raised.value.problems[0] == problem


@pytest.mark.parametrize("text", ["1 +" * 50 + "1", "x" * 100_001, "\ud800", "'" * 10_000])
def test_a_text_that_is_no_expression_is_an_error(text: str) -> None:
    """Too deep, too long, no text: each is a CompileError with a problem in it."""
    with pytest.raises(CompileError) as raised:
        ENVIRONMENT.compile(text)
    assert raised.value.problems


def test_types_of_variables_are_checked() -> None:
    """What a variable can never be is refused at load."""
    for text in ("headers[1]", "now + 'a'", "tags.exists(t, t == 1)"):
        with pytest.raises(CompileError):
            ENVIRONMENT.compile(text)


def test_an_unknown_type_is_the_callers_mistake() -> None:
    """It is no error of an expression."""
    with pytest.raises(ValueError, match="no type"):
        Environment({"body": "json"}).compile("1")


def test_a_program_knows_which_variables_it_uses() -> None:
    """Names that macros bind, and types, are none."""
    program = ENVIRONMENT.compile("tags.exists(body, body == headers.x) && cel.bind(x, int, x == type(1))")
    assert program.names == {"tags", "headers"}
    assert program.text.startswith("tags")


def test_a_variable_is_looked_up_only_where_it_is_reached() -> None:
    """A mapping may compute it then."""
    variables = Counting(headers={"a": "b"})
    assert ENVIRONMENT.compile("headers.a == 'b' || body.x == 1").holds(variables)
    assert "body" not in variables
    assert ENVIRONMENT.compile("body.computed").value(variables) == "body"


def test_a_variable_without_a_value_is_an_error() -> None:
    """It does not become null."""
    with pytest.raises(ExpressionError, match="no value for body"):
        ENVIRONMENT.compile("body").value({})


def test_a_filter_holds_only_by_a_bool() -> None:
    """Neither 1 nor null decides."""
    program = ENVIRONMENT.compile("body")
    assert program.holds({"body": True})
    assert not program.holds({"body": False})
    values: tuple[Any, ...] = (1, "true", None, [])
    for value in values:
        with pytest.raises(ExpressionError, match="not bool"):
            program.holds({"body": value})


@pytest.mark.parametrize(
    ("text", "held"),
    [("body.?a", 1), ("body.?o.?b", None), ("body.?none", None), ("body.a", 1), ("body.?n", None)],
)
def test_an_optional_is_given_as_what_it_holds(text: str, held: Any) -> None:
    """Null where it holds nothing, in JSON as well; only `value` keeps the two apart."""
    program, variables = ENVIRONMENT.compile(text), {"body": {"a": 1, "o": {}, "n": None}}
    assert program.given(variables) == program.json(variables) == held
    assert isinstance(program.value(variables), Optional) is (".?" in text)


def test_what_has_no_value_is_not_given() -> None:
    """An error is none of nothing."""
    with pytest.raises(ExpressionError):
        ENVIRONMENT.compile("body.none").given({"body": {}})


def test_errors_are_told_to_people() -> None:
    """A caller that handles what relay tells people handles these."""
    assert issubclass(ExpressionError, RelayError)
    assert issubclass(CompileError, ExpressionError)


def test_strange_values_pass_through() -> None:
    """A value that no JSON has is handed on as it is, and no operation takes it."""

    class Name(str):
        __slots__ = ()

    strange = Name("x")
    body = {"body": {"a": strange, "l": [strange], "b": True}}
    for text in (
        "body.a",
        "body.l[0]",
        "body.?a.value()",
        "body.b ? body.a : 1",
        "[body.a][0]",
        "last(body.l)",
    ):
        assert ENVIRONMENT.compile(text).value(body) is strange
    assert ENVIRONMENT.compile("has(body.a)").value(body) is True
    for text in (
        "body.a == 'x'",
        "body.a + 'x'",
        "body.a in ['x']",
        "'x' in body.l",
        "size(body.a)",
        "string(body.a)",
    ):
        with pytest.raises(ExpressionError):
            ENVIRONMENT.compile(text).value(body)
    with pytest.raises(ExpressionError, match="Name has no JSON"):
        ENVIRONMENT.compile("body.a").json(body)


def test_deep_documents_are_read_to_any_depth_and_compared_to_some() -> None:
    """Selecting never walks a document; what walks it ends at 200 levels."""
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    assert ENVIRONMENT.compile("body.a.a.a != null").holds({"body": deep})
    with pytest.raises(ExpressionError, match="nested deeper"):
        ENVIRONMENT.compile("body == body.a").value({"body": deep})


def test_a_deep_stack_is_too_much_work() -> None:
    """Where Python's stack has no room left, it is the evaluation that ends."""
    document: Any = 1
    for _ in range(150):
        document = [document]
    program = ENVIRONMENT.compile("body == body")

    def below(levels: int) -> bool:
        return below(levels - 1) if levels else program.holds({"body": document})

    assert below(0)
    with pytest.raises(ExpressionError) as raised:
        below(sys.getrecursionlimit() - len(inspect.stack(0)) - 100)
    assert raised.value.exhausted


def test_a_timestamp_can_be_taken_out() -> None:
    """In whole nanoseconds since 1970."""
    assert ENVIRONMENT.compile("now").value({"now": Timestamp(5)}).nanos == 5


def test_nothing_is_imported_before_it_is_needed() -> None:
    """The checker and the regular expressions come with the first expression that wants them."""
    code = (
        "import sys, json; from relay.expression.environment import Environment;"
        "seen = lambda: sorted({m.split('.')[0] for m in sys.modules} & {'cel_expr_python', 're2'});"
        "e = Environment({'body': 'dyn'}); a = seen(); e.compile('body == 1'); b = seen();"
        "e.compile('body.matches(\"a\")'); print(json.dumps([a, b, seen()]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], ["cel_expr_python"], ["cel_expr_python", "re2"]]
