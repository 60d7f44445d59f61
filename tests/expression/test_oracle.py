"""Random programs on random documents give what the official run time gives."""

import re
from collections import Counter
from random import Random
from typing import Any, Final

import pytest

from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.nulls import Typed
from tests.expression.oracle import FAILED, Oracle, agree, as_library
from tests.expression.programs import document, program

_TO_AN_END: Final = re.compile(r"\.substring\([^()]*,")


def ours(compiled: Program, body: Any) -> tuple[Any, str]:
    """The value, or FAILED and why."""
    try:
        return as_library(compiled.value({"body": body})), ""
    except ExpressionError as error:
        return FAILED, str(error)


def explained(text: str, reason: str, theirs: Any) -> bool:
    """The differences that are the library's faults, or its choice where CEL says nothing."""
    # it converts a bool that it only meets at run time, which its checker refuses
    if reason.endswith(("int(bool)", "double(bool)")):
        return True
    # what fails to be indexed inside an optional is an error that it hands on as if it were a value
    if reason.startswith("no such overload: _[?_]"):
        return True
    # its substring() does not reach the end of a text
    if theirs == FAILED and _TO_AN_END.search(text):
        return True
    # it goes over maps in random order, and NaN has a sign in its texts
    if (".map(" in text and ".join(" in text) or "-nan" in repr(theirs):
        return True
    # `%s` cuts doubles to six digits, where string() does not, and puts out bytes that are no text
    return "'%s'.format" in text


def differences(seed: int, programs: int) -> tuple[list[tuple[str, Any, Any, Any]], Counter[str]]:
    random, environment, oracle = Random(seed), Environment({"body": "dyn"}), Oracle()
    found: list[tuple[str, Any, Any, Any]] = []
    seen: Counter[str] = Counter()
    for _ in range(programs):
        text = program(random, random.choice((2, 3, 4)))
        try:
            compiled = environment.compile(text)
        except CompileError:
            continue
        for _ in range(3):
            body = document(random)
            mine, reason = ours(compiled, body)
            theirs = oracle.value(Typed(text).text, body)
            seen["failed" if mine == FAILED else "given"] += 1
            if not agree(mine, theirs) and not explained(text, reason, theirs):
                found.append((text, body, mine, theirs))
    return found, seen


@pytest.mark.parametrize("seed", range(4))
def test_gives_what_the_official_run_time_gives(seed: int) -> None:
    """Value for value and error for error, types and the sign of zero included."""
    found, seen = differences(seed, 6_000)
    assert found == []
    assert seen["given"] > 1_000
    assert seen["failed"] > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 150))
def test_gives_what_the_official_run_time_gives_for_long(seed: int) -> None:
    """The same with a million programs."""
    assert differences(seed, 20_000)[0] == []
