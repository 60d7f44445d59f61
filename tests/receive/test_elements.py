"""The elements of an array, as they were written."""

import json
import random

import orjson
import pytest

from relay.receive.elements import elements


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[]", []),
        (" \n[ \t]\r\n", []),
        ("[1]", ["1"]),
        ('[{"a":1.50,"b":12345678901234567890123},{ "z" : "\\u00e9" , "a":[ ] }]', None),
        (
            '[ "a,]" , "\\"]" ,\n null,true , -0.0, 1E400 ]',
            ['"a,]"', '"\\"]"', "null", "true", "-0.0", "1E400"],
        ),
        ('["ü","👋",{"ü":"[{"}]', ['"ü"', '"👋"', '{"ü":"[{"}']),
        ("[" + "9" * 5_000 + "]", ["9" * 5_000]),
        ("[[[1, 2]],[3 ]]", ["[[1, 2]]", "[3 ]"]),
    ],
)
def test_as_written(body: str, expected: list[str] | None) -> None:
    """Spelling, order, white space and numbers of each stay what they were."""
    if expected is None:
        expected = ['{"a":1.50,"b":12345678901234567890123}', '{ "z" : "\\u00e9" , "a":[ ] }']
    assert elements(body.encode()) == [each.encode() for each in expected]


def test_nothing_is_lost() -> None:
    """Of arbitrary arrays, each element parsed by itself is what it was in the whole."""
    dice = random.Random(4)
    for _ in range(300):
        document = [_arbitrary(dice, 4) for _ in range(dice.randrange(6))]
        text = json.dumps(document, ensure_ascii=dice.random() < 0.5, indent=dice.choice([None, 1]))
        found = elements(text.encode())
        assert found is not None
        assert [orjson.loads(each) for each in found] == orjson.loads(text)
        assert all(each in text.encode() for each in found)


def _arbitrary(dice: random.Random, depth: int) -> object:
    kind = dice.randrange(7 if depth else 5)
    if kind < 5:
        return [
            None,
            True,
            dice.random(),
            dice.randrange(-(10**9), 10**9),
            dice.choice(['"', "]}", "ü\n", ""]),
        ][kind]
    if kind == 5:
        return [_arbitrary(dice, depth - 1) for _ in range(dice.randrange(4))]
    return {dice.choice("ab]{"): _arbitrary(dice, depth - 1) for _ in range(dice.randrange(3))}


def test_too_deep() -> None:
    """What is nested too deeply to be passed over is no list of elements."""
    assert elements(b"[" + b"[" * 200_000 + b"]" * 200_000 + b"]") is None
