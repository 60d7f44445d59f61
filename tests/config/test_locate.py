"""On which line a key stands, however TOML lets it be written."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config.locate import Lines, dotted, split
from relay.errors import Problem

TEXT = '''\
# [not.a.table]
top = 1
[server]
listen = "a # no comment"   # listen = 3
[ source . "odd.name" ]
verify = { type = "hmac", timestamp = { header = "x" } }
other.pairs.time = "t"
text = """
id = "not a key"
\\"""quoted""\\" # more """""
raw = QQQ
[neither]QQQ'
after = 2
[target]
a.url = 'x'
a.retry.schedule = [
  "5s", # "6s"
  ["x", "]"],

  { y = 1 },
]
a.at = 2026-01-01 10:00:00
[[api]]
n = 1
[[api]]
n = 2
[api.sub]
z = 1
[[api.list]]
q = 1
'''.replace("QQQ", "'" * 3)

WHERE = [
    ("top", 2),
    ("server", 3),
    ("server.listen", 4),
    ('source."odd.name"', 5),
    ('source."odd.name".verify', 6),
    ('source."odd.name".verify.timestamp.header', 6),
    ('source."odd.name".other.pairs', 7),
    ('source."odd.name".other.pairs.time', 7),
    ('source."odd.name".text', 8),
    ('source."odd.name".raw', 11),
    ('source."odd.name".after', 13),
    ("target", 14),
    ("target.a", 15),
    ("target.a.url", 15),
    ("target.a.retry.schedule", 16),
    ("target.a.retry.schedule[0]", 17),
    ("target.a.retry.schedule[1]", 18),
    ("target.a.retry.schedule[1][1]", 18),
    ("target.a.retry.schedule[2].y", 20),
    ("target.a.at", 22),
    ("api", 23),
    ("api[0].n", 24),
    ("api[1].n", 26),
    ("api[1].sub.z", 28),
    ("api[1].list[0].q", 30),
]


def test_the_text_is_toml() -> None:
    """What the other tests read is what tomllib reads too."""
    assert tomllib.loads(TEXT)["source"]["odd.name"]["after"] == 2


@pytest.mark.parametrize(("path", "line"), WHERE)
def test_each_key_has_its_line(path: str, line: int) -> None:
    """Tables, dotted keys, quoted keys, inline tables, arrays and texts over many lines."""
    assert Lines(TEXT).locate(path) == line


def test_what_is_missing_is_looked_for_in_its_table() -> None:
    """A key that is not there has the line of the nearest table around it; of nothing, none."""
    lines = Lines(TEXT)
    assert lines.locate("target.a.timeout") == 15
    assert lines.locate("target.a.retry.schedule[9]") == 16
    assert lines.locate("route.x.to") is None
    assert lines.locate("") is None


def test_problems_stand_in_the_order_of_the_text() -> None:
    """Each gets its line; one that was found twice is told once; a line that is known stays."""
    found = [
        Problem("target.a.url", "x"),
        Problem("top", "y"),
        Problem("target.a.url", "x"),
        Problem("", "z", line=1),
    ]
    placed = Lines(TEXT).place(found)
    assert [(problem.line, problem.text) for problem in placed] == [(1, "z"), (2, "y"), (15, "x")]


STEPS = st.lists(st.text(min_size=1) | st.integers(0, 99), min_size=1).filter(
    lambda steps: isinstance(steps[0], str)
)


@given(STEPS.filter(lambda steps: all(isinstance(step, int) or step.isprintable() for step in steps)))
def test_a_dotted_path_can_be_split_again(steps: list[str | int]) -> None:
    """Quotes, dots and brackets in a key change nothing."""
    assert split(dotted(steps)) == tuple(steps)


SCALARS = st.integers() | st.booleans() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
VALUES = st.recursive(
    SCALARS,
    lambda value: (
        st.lists(value, max_size=3) | st.dictionaries(st.text("ab.\"'#=[]", min_size=1), value, max_size=3)
    ),
)


def written(value: Any) -> str:
    """A value as TOML, inline."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return text(value)
        case list():
            return "[" + "".join(f"\n {written(part)} , # ]\n" for part in value) + "]"
    return "{" + ", ".join(f"{text(key)} = {written(part)}" for key, part in value.items()) + "}"


def text(value: str) -> str:
    return (
        '"'
        + "".join(f"\\U{ord(char):08x}" if ord(char) < 32 or char in '"\\\x7f' else char for char in value)
        + '"'
    )


@given(st.lists(VALUES, max_size=5))
def test_no_value_hides_the_next_key(values: list[Any]) -> None:
    """Whatever stands before it, a key is found on the line where it is."""
    document = ""
    expected = []
    for index, value in enumerate(values):
        expected.append(document.count("\n") + 1)
        document += f"key{index} = {written(value)}\n"
    assert tomllib.loads(document) == {f"key{index}": value for index, value in enumerate(values)}
    lines = Lines(document)
    assert [lines.locate(f"key{index}") for index in range(len(values))] == expected
