"""A Kafka target's table: what a file may say, and what data makes of it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import kafka
from relay.expression.frame import BUDGET
from relay.seen import Seen
from relay.template import Unfit
from tests.deliver.owed import event
from tests.deliver.targets.opener import Opener, opener


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """Kafka targets."""
    async with opener(kafka.prepare, session, topic="orders") as made:
        yield made


def test_topic_of_data(opened: Opener) -> None:
    """What data names must be a topic's name."""
    name = opened("kafka://127.0.0.1", topic="orders.${body}").places["topic"]
    assert name(Seen(event(body=b'"eu-1_x"')), BUDGET) == "orders.eu-1_x"
    for body in (b'"a b"', b'"Z\xc3\xbcrich"', b'"a/b"', b'"' + b"x" * 250 + b'"'):
        with pytest.raises(Unfit, match="the topic is no name of one"):
            name(Seen(event(body=body)), BUDGET)
    with pytest.raises(Unfit, match="topic is null"):
        name(Seen(event(body=b"null")), BUDGET)


def test_wrong_in_the_file(opened: Opener) -> None:
    """All that is wrong with its templates is told when the file is loaded."""
    told = opened.problems("kafka://127.0.0.1", topic="a b", key="${bod}")
    assert [each.split(":")[1].strip() for each in told] == ["target.box.topic", "target.box.key"]
    assert told[0].endswith("is no name of a topic (at most 249 letters, digits and ._-)")


@pytest.mark.parametrize("login", ["me", "me:", ":word"])
def test_half_a_login(opened: Opener, login: str) -> None:
    """A user without a password cannot log in anywhere."""
    (told,) = opened.problems(f"kafka://{login}@127.0.0.1")
    assert told.startswith("relay.toml: target.box.url: a login at Kafka has a user and a password")
