"""Documents that mean harm, or that no JSON is."""

from random import Random
from typing import Any

from tests.expression.programs import document


class Text(str):
    """A string that is not quite one."""

    __slots__ = ()


DEEP: Any = []
for _ in range(600):
    DEEP = [DEEP]
WIDE = {f"k{number}": number for number in range(2_000)}
STRANGE: tuple[Any, ...] = (
    float("nan"),
    float("inf"),
    2**64,
    -(2**63) - 1,
    10**400,
    10**5000,
    "\ud800",
    "\0",
    "a" * 20_000,
    "é😀" * 3_000,
    "%s" * 500,
    "%.999f",
    "[" * 5_000,
    '{"a":' * 300,
    "9" * 5_000,
    "2024-02-30T25:61:61Z",
    "(a+)+$",
    "<" * 2_000,
    b"\xff\x00",
    Text("text"),
    object(),
    {1, 2},
    (1, 2),
    {None: 1, 1.5: 2, (1,): 3},
    {True: 1, 2: 3},
    bytearray(b"x"),
    DEEP,
    WIDE,
    list(range(3_000)),
    ["a"] * 3_000,
    [[[]] * 50] * 50,
    Random,
)


def hostile(random: Random) -> Any:
    """A document with something strange in it, as likely as not."""
    body = document(random)
    if isinstance(body, dict):
        for key in random.sample(("a", "b", "items", "n"), random.randrange(3)):
            body[key] = random.choice(STRANGE)
    elif isinstance(body, list):
        body.append(random.choice(STRANGE))
    elif random.random() < 0.5:
        return random.choice(STRANGE)
    return body
