"""Whatever a stranger sends, a shape ends with what can be sent, with why not, or as too much work."""

import json
from collections import Counter
from random import Random
from typing import Any, Final

import orjson
import pytest

from relay.deliver.shape import Failed, Made, Shape, shape
from relay.expression.environment import Program
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.frame import BUDGET
from relay.seen import Seen, environment
from relay.template import Template, template
from tests.deliver.owed import event
from tests.expression.hostile import hostile
from tests.expression.programs import OWN, program
from tests.resident import resident

PUT: Final = "order"
SCOPE: Final = environment((PUT,))
SEEN: Final = ("body", "event", "event.data", "headers", "query", PUT, "digest", "event.time")
"""What a program is about, instead of `body`."""
BUDGETS: Final = (200, 20_000, BUDGET)
BYTES: Final = (
    b"\xff\xfe",
    b"",
    b"a=1&b=%ff&a=2",
    b"[" * 3_000,
    b'{"a":NaN}',
    b'{"n":1e999,"a":"\\ud800"}',
    b'{"n":18446744073709551616,"items":[-9223372036854775809],"a":{"b":"\\u0000"}}',
)
NAMES: Final = (b"X-A", b"x-a", b"\xff\xfe", b"Content-Type", b"a" * 3_000)
VALUES: Final = (b"", b"application/x-www-form-urlencoded", b"\r\n", b"\xff\x00", "é".encode(), b"7")
ENDS: Final = {"made", "skipped", "failed", "exhausted"}
GROWTH: Final = 8 << 20
"""Bytes."""
CONTROL: Final = frozenset(chr(number) for number in (*range(32), *range(127, 160)))


def compiled(random: Random) -> Program:
    """A program that loads."""
    while True:
        text = program(random, random.choice((1, 2, 3)), OWN).replace("body", random.choice(SEEN))
        try:
            return SCOPE.compile(text)
        except CompileError:
            continue


def path(random: Random) -> Template:
    """A template that loads."""
    while True:
        texts = [program(random, random.choice((0, 1, 2)), OWN) for _ in range(random.randrange(1, 3))]
        form = random.choice(("/a/${{{}}}", "/${{raw({})}}/b", "/.${{{}}}", "/a?b=${{{}}}"))
        try:
            return template("".join(form.format(text) for text in texts), SCOPE)
        except CompileError:
            continue


def shapes(random: Random, count: int) -> list[Shape]:
    return [
        Shape(
            compiled(random) if random.random() < 0.7 else None,
            tuple((f"X-{number}", compiled(random)) for number in range(random.randrange(3))),
            path(random) if random.random() < 0.3 else None,
        )
        for _ in range(count)
    ]


def seen(random: Random) -> Seen:
    """An event with something strange in it: bytes as they came, or what no bytes could be."""
    headers = tuple((random.choice(NAMES), random.choice(VALUES)) for _ in range(random.randrange(4)))
    document: Any = hostile(random)
    try:
        body = orjson.dumps(document) if random.random() < 0.6 else random.choice(BYTES)
    except TypeError:
        body = random.choice(BYTES)
    made = Seen(event(body=body, headers=headers, type=random.choice(("", "a", "\ud800", "\r\n"))))
    made[PUT] = hostile(random)
    if random.random() < 0.3:
        made["body"] = document
    return made


def outcome(seen: Seen, tried: Shape, budget: int) -> str:
    """What came of it, in one word; any other exception, or what cannot be sent, is the test's failure."""
    try:
        made = shape(seen, tried, budget)
    except ExpressionError as error:
        return "exhausted" if error.exhausted else f"raised {error}"
    match made:
        case None:
            return "skipped"
        case Failed():
            return "failed"
        case Made(body, headers, at):
            check(body, [value for value in headers.values() if value is not None], at)
    return "made"


def check(body: bytes | None, values: list[str], at: str) -> None:
    """All of it can be sent as it is, and names nothing but what is below the target's url."""
    if body is not None:
        json.loads(body, parse_int=str, parse_constant=pytest.fail)  # any number of digits
    for value in values:
        value.encode()
        assert not CONTROL & set(value), value
    assert at.isascii()
    assert not {".", ".."} & set(at.partition("?")[0].split("/")), at


def assault(seed: int, count: int, events: int) -> Counter[str]:
    random = Random(seed)
    words: Counter[str] = Counter()
    for tried in shapes(random, count):
        for _ in range(events):
            words[outcome(seen(random), tried, random.choice(BUDGETS))] += 1
    return words


@pytest.mark.parametrize("seed", range(3))
def test_one_kind_of_error_and_an_end(seed: int) -> None:
    """5,000 shapes of hostile events each: what can be sent, why not, or too much work; nothing else."""
    words = assault(seed, 500, 10)
    assert set(words) <= ENDS
    assert words["made"] > 300
    assert words["failed"] > 300


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_020))
def test_one_kind_of_error_for_long(seed: int) -> None:
    """The same, a million times."""
    assert set(assault(seed, 2_000, 25)) <= ENDS


@pytest.mark.slow
def test_memory_is_flat_for_long() -> None:
    """A hundred thousand further events, with their shapes, leave the process as large as it was."""
    for seed in range(2_000, 2_002):
        assault(seed, 2_000, 25)
    before = resident()
    for seed in range(2_002, 2_004):
        assault(seed, 2_000, 25)
    assert resident() - before < GROWTH
