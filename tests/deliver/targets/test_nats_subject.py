"""The subject of a message: what a file may say, and what data makes of it."""

from collections.abc import AsyncIterator
from importlib import machinery

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import broker, nats
from relay.expression.frame import BUDGET
from relay.seen import Seen
from relay.template import Unfit
from tests.deliver.owed import event
from tests.deliver.targets.opener import Opener, opener

URL = "nats://127.0.0.1"


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """NATS targets."""
    async with opener(nats.prepare, session) as made:
        yield made


def subject(opened: Opener, text: str, body: bytes = b"{}") -> str:
    """What a `subject` is for an event with this body."""
    return opened(URL, subject=text).places["subject"](Seen(event(body=body)), BUDGET)


@pytest.mark.parametrize(
    ("text", "value", "is_"),
    [
        ("orders.paid", "", "orders.paid"),
        ("orders.${body}", "42", "orders.42"),
        ("orders.${body}.new", "a.b", "orders.a.b.new"),
        ("orders.${body}", "a b\\tc\\u00a0d\\u2028e", "orders.a_b_c_d_e"),
        ("orders.${body}", "*", "orders._"),
        ("orders.${body}", "a.>", "orders.a._"),
        ("orders.x${body}y", "*>", "orders.x__y"),
        ("orders.${body}", "a\\r\\nPUB x\\u0000\\u007f\\u0085", "orders.a__PUB_x___"),
        ("orders.${body}", "", "orders._"),
        ("orders.${body}.new", "", "orders._.new"),
        ("orders.x${body}", "", "orders.x"),
        ("orders.${body}", "..a..", "orders._._.a._._"),
        ("${body}", "", "_"),
        ("${body}.x", "$JS.API.STREAM.DELETE.ORDERS", "_JS.API.STREAM.DELETE.ORDERS.x"),
        ("orders.${body}", "$5", "orders.$5"),
        ("$MINE.${body}", "x", "$MINE.x"),
        ("bestellt.${body}", "Zürich", "bestellt.Zürich"),
        ("a*b.c>", "", "a*b.c>"),
    ],
)
def test_data(opened: Opener, text: str, value: str, is_: str) -> None:
    """Data makes one subject to which can be published, and no pattern, command or subject of the server."""
    assert subject(opened, text, f'"{value}"'.encode()) == is_


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"null", "${body} is null"),
        (b"[1]", "a list cannot stand in a text"),
        (b'"' + b"x" * 2048 + b'"', "the subject is longer than 2048 bytes"),
    ],
    ids=["null", "a list", "too long"],
)
def test_unfit(opened: Opener, body: bytes, why: str) -> None:
    """What makes no subject is an error of that event."""
    with pytest.raises(Unfit, match=why.replace("$", "\\$")):
        subject(opened, "o.${body}", body)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("orders..paid", 'has an empty token (such as "orders.${body.id}")'),
        ("orders.${body}.", 'has an empty token (such as "orders.${body.id}")'),
        ("orders paid", 'holds white space or a control character (such as "orders.paid")'),
        ("orders.*", 'is a pattern: nothing can be published to * or > (such as "orders.paid")'),
        ("orders.>${body}", 'is a pattern: nothing can be published to * or > (such as "orders.paid")'),
        (
            "orders.${bod}",
            "undeclared reference to 'bod', at column 1 (CEL over event, headers, query, body and digest)",
        ),
    ],
)
def test_wrong_in_the_file(opened: Opener, text: str, told: str) -> None:
    """A subject that can never be one is told when the file is loaded."""
    (problem,) = opened.problems(URL, subject=text)
    assert problem.startswith("relay.toml: target.box.subject: ")
    assert problem.endswith(told)


def test_not_installed(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its client the target does not load, and the file's line says what to install."""

    def find(name: str) -> machinery.ModuleSpec | None:
        return None if name == "nats" else machinery.ModuleSpec(name, None)

    monkeypatch.setattr(broker, "find_spec", find)
    assert opened.problems(URL, subject="orders") == [
        'relay.toml: target.box.url: needs nats, which is not installed (pip install "event-relay[nats]")'
    ]
