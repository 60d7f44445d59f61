"""Deliveries that go out together."""

import json

from multidict import CIMultiDict

from relay.clock import SECOND
from relay.config.target import BatchConfig
from relay.deliver import batch
from relay.deliver.batch import Gathering, batch_number
from relay.deliver.targets.protocol import Message
from tests.clock import START
from tests.deliver.owed import delivery, event

JSON = "application/json"


def one(n: int, body: bytes = b"{}", group: int | None = None, attempts: int = 0) -> Message:
    owed = delivery(n, attempts, of=event(n, body))
    owed.batch = group
    return Message((owed,), body, CIMultiDict())


def gathering(most: int = 3) -> Gathering:
    return Gathering(BatchConfig.model_validate({"max": most, "within": "1s"}), JSON)


def test_full() -> None:
    """Sent when so many are there, in the order of acceptance, one request for all."""
    waiting = gathering()
    assert waiting.add(one(3, b'{"n":3}'), START) == []
    assert waiting.add(one(1, b"1.10"), START) == []
    (made,) = waiting.add(one(2, b"no json", attempts=4), START)
    assert json.loads(made.body, parse_float=str) == ["1.10", "no json", {"n": 3}]
    assert [each.event.key for each in made.deliveries] == ["key-1", "key-2", "key-3"]
    assert made.headers["Content-Type"] == JSON
    assert made.headers["Relay-Event-Id"] == ",".join(f"{n:020x}" for n in (1, 2, 3))
    assert made.headers["Relay-Attempt"] == "5"
    assert not {"Relay-Source", "Relay-Type"} & made.headers.keys()
    assert (waiting.waiting, waiting.due_at()) == (0, None)


def test_in_time() -> None:
    """Else so long after the first was there."""
    waiting = gathering()
    waiting.add(one(1), START)
    waiting.add(one(2), START + SECOND // 2)
    assert waiting.due_at() == START + SECOND
    assert waiting.due(START + SECOND - 1) == []
    (made,) = waiting.due(START + SECOND)
    assert len(made.deliveries) == 2


def test_tried_again_as_it_was() -> None:
    """Those of one batch meet again, apart from news, under the same key."""
    waiting = gathering()
    waiting.add(one(1), START)
    waiting.add(one(2), START)
    (first,) = waiting.due(START + SECOND)
    group = batch_number(first)
    waiting.add(one(2, group=group, attempts=1), START)
    waiting.add(one(9), START)
    waiting.add(one(1, group=group, attempts=1), START)
    again, news = waiting.due(START + SECOND)
    assert (again.key, again.body) == (first.key, first.body)
    assert [each.event.key for each in news.deliveries] == ["key-9"]
    assert news.key != first.key


def test_bytes_are_bounded(monkeypatch: object) -> None:
    """What would be too large together goes in two; one that is too large goes alone."""
    waiting = gathering(200)
    large = b'"%b"' % (b"x" * (batch.MOST_BYTES - 10))
    assert waiting.add(one(1, large), START) == []
    (first,) = waiting.add(one(2, large), START)
    assert len(first.deliveries) == 1
    assert waiting.waiting == 1


def test_clear() -> None:
    """All that waits is given back."""
    waiting = gathering()
    waiting.add(one(1), START)
    waiting.add(one(2, group=7), START)
    assert {each.event.key for each in waiting.clear()} == {"key-1", "key-2"}
    assert waiting.due(START + SECOND) == []
