"""Whatever a stranger sends, an expression ends with a value or an `ExpressionError`."""

import gc
import tracemalloc
from collections import Counter
from random import Random
from typing import Any, Final

import pytest

from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.output import dumps
from relay.template import Template, Unfit
from tests.expression.hostile import hostile
from tests.expression.programs import OWN, program
from tests.resident import resident

WAYS: Final = 5
GROWTH: Final = 16 << 20
"""Bytes; a hundred for each evaluation would be three times that."""


def programs(random: Random, count: int) -> list[Program]:
    """So many programs that load."""
    environment = Environment({"body": "dyn"})
    made: list[Program] = []
    while len(made) < count:
        try:
            made.append(environment.compile(program(random, random.choice((2, 3, 4)), OWN)))
        except CompileError:
            continue
    return made


def evaluate(tried: Program, body: Any, way: int) -> str:
    """What came of it, in one word; any other exception is the test's failure."""
    variables = {"body": body}
    try:
        if way == 0:
            tried.holds(variables)
        elif way == 1:
            dumps(tried.json(variables))
        elif way == 2:
            Template(("/a/", tried)).path(variables)
        elif way == 3:
            Template(("a ", tried)).text(variables)
        else:
            tried.value(variables)
    except ExpressionError as error:
        return "exhausted" if error.exhausted else "failed"
    except Unfit:
        return "failed"
    return "given"


def assault(seed: int, count: int, documents: int) -> Counter[str]:
    random = Random(seed)
    seen: Counter[str] = Counter()
    for tried in programs(random, count):
        for number in range(documents):
            seen[evaluate(tried, hostile(random), number % WAYS)] += 1
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_one_kind_of_error_and_an_end(seed: int) -> None:
    """20,000 evaluations of hostile documents each: nothing but a value or an ExpressionError."""
    seen = assault(seed, 800, 25)
    assert seen["given"] > 1_000
    assert seen["failed"] > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_040))
def test_one_kind_of_error_for_long(seed: int) -> None:
    """The same, four million times."""
    assault(seed, 2_000, 50)


@pytest.mark.slow
def test_memory_is_flat_for_long() -> None:
    """Half a million further evaluations, with their programs, leave the process as large as it was."""
    for seed in range(2_000, 2_003):
        assault(seed, 2_000, 50)
    before = resident()
    for seed in range(2_003, 2_008):
        assault(seed, 2_000, 50)
    assert resident() - before < GROWTH


def test_nothing_is_left_behind() -> None:
    """Evaluating again and again takes no memory that stays."""
    random = Random(7)
    tried = [(one, hostile(random)) for one in programs(random, 300)]

    def all_of_them() -> None:
        for number, (one, body) in enumerate(tried):
            evaluate(one, body, number % WAYS)

    all_of_them()
    tracemalloc.start()
    try:
        all_of_them()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            all_of_them()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200_000
