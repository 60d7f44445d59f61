"""What is remembered of a part, as a document."""

from dataclasses import fields, replace

import pytest

from relay.poll.state import PartState, Validators, dump, load
from tests.clock import START

WHOLE = PartState(
    began=START, cursor=START, complete=START, listed=START, count=7, incomplete=True, skew=-3,
    validators=Validators("r", 'W/"ü"', "Mon"), words="w", point=1, resumed=2, audited=3, started=4,
    passed=START, due=START, interval=1.5, error="half \ud83d of it", failures=2,
)  # fmt: skip


def test_it_comes_back_as_it_was() -> None:
    """Every field, and none that is as at the beginning."""
    assert load(dump(WHOLE)) == WHOLE
    assert dump(PartState()) == "{}"
    fresh = PartState()
    assert all(getattr(WHOLE, field.name) != getattr(fresh, field.name) for field in fields(PartState))
    assert WHOLE.failing
    assert not replace(WHOLE, error="").failing


@pytest.mark.parametrize(
    "document",
    [None, "", "[]", "{", '{"later": 1}', '{"cursor": "soon", "due": null, "count": true, "interval": "1"}',
     '{"validators": {"etag": 1}}', '{"validators": {"etag": "x"}}', '{"validators": 7, "incomplete": 1}'],
)  # fmt: skip
def test_what_is_not_understood_is_as_at_the_beginning(document: str | None) -> None:
    """A later relay, or a hand, may have written it."""
    assert load(document) == PartState()


def test_what_is_understood_counts() -> None:
    """Beside what is not."""
    assert load('{"cursor": 7, "due": "x", "interval": 2}') == PartState(cursor=7, interval=2.0)
