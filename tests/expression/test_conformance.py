"""The official conformance suite of CEL (google/cel-spec), but for protocol buffer messages."""

import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.values import TypeValue, UInt, as_key

CASES = Path(__file__).parents[3] / "shared" / "corpus" / "cel" / "conformance.json"
DIFFERENT = {
    # Python compares an int with a double exactly, where the specification rounds the int first
    "comparisons/lt_literal/not_lt_dyn_int_big_lossy_double",
    "comparisons/gt_literal/not_gt_dyn_big_double_int",
    "comparisons/lte_literal/lte_dyn_big_double_int",
    # the official parser drops a backslash of these literals; the tree comes from there
    "parse/bytes_literals/triple_single_quoted_unescaped_punctuation",
    "parse/bytes_literals/triple_double_quoted_unescaped_punctuation",
}


def cases() -> list[dict[str, Any]]:
    """The expressions of relay live in no namespace, so those of a container say nothing about them."""
    if not CASES.exists():
        return []
    return [case for case in json.loads(CASES.read_text()) if "container" not in case]


def decoded(typed: dict[str, Any]) -> Any:
    """A value of the suite: its type's name, and what stands for it in JSON."""
    ((kind, value),) = typed.items()
    return DECODE[kind](value)


DECODE: Final[dict[str, Callable[[Any], Any]]] = {
    "null": lambda value: value,
    "bool": lambda value: value,
    "string": lambda value: value,
    "int": int,
    "uint": UInt,
    "double": float,
    "bytes": base64.b64decode,
    "type": TypeValue,
    "list": lambda value: [decoded(item) for item in value],
    "map": lambda value: {as_key(decoded(key)): decoded(item) for key, item in value},
}


def same(a: Any, b: Any) -> bool:
    """Equal and of one type; -0.0 is not 0.0, and NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return math.isnan(b) if math.isnan(a) else a == b and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def outcome(case: dict[str, Any]) -> Any:
    """What comes of a case: a value, or the suite's word for none."""
    try:
        program = Environment(case.get("variables", {})).compile(case["expr"])
    except CompileError:
        return "load error"
    if case["expect"] == "loads":
        return "loads"
    try:
        return program.value({name: decoded(value) for name, value in case.get("bindings", {}).items()})
    except ExpressionError:
        return "error"


def holds(case: dict[str, Any]) -> bool:
    expect, came = case["expect"], outcome(case)
    if isinstance(expect, str):
        # what is wrong in any case may be said at load
        return came == expect or (expect == "error" and came == "load error")
    return same(came, decoded(expect))


@pytest.mark.skipif(not CASES.exists(), reason="the conformance cases are not beside the checkout")
def test_what_cel_promises_holds() -> None:
    """Every case of the official suite, but for the few that are argued above."""
    found = cases()
    assert len(found) > 1_200
    failed = {case["id"] for case in found if not holds(case)}
    assert failed == DIFFERENT
