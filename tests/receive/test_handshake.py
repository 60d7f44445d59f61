"""Handshakes in words of the file: answered as it says, and never stored."""

from typing import Any

import pytest

from tests.receive.providers.posting import problems
from tests.receive.stand import Stand
from tests.receive.wire import request, signed

JSON = "Content-Type: application/json"
CHALLENGE = {"when": 'body.type == "challenge"', "answer": '{"challenge": body.challenge}'}
SUBSCRIPTION = {
    "method": "GET",
    "signed": False,
    "when": 'query.mode == "subscribe"',
    "require": {"hub.token": "let me in"},
    "answer": "query.challenge",
}


async def test_a_signed_one_is_answered_behind_its_signature(stand: Stand) -> None:
    """JSON, nothing stored; the same body from nobody is refused."""
    stand.put_in_force(source={"handshake": [CHALLENGE]})
    body = b'{"type": "challenge", "challenge": "c-1", "id": "e1"}'
    said = await stand.ask(signed(body))
    assert (said.status, said.body) == (200, b'{"challenge":"c-1"}')
    assert said.headers["Content-Type"] == "application/json"
    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert "Relay-Event-Id" not in said.headers
    assert await stand.status(request("/in/shop", body)) == 401
    assert await stand.events() == []
    assert (stand.count("handshake"), stand.count("accepted"), stand.count("rejected")) == (1, 0, 1)


async def test_an_event_is_no_handshake(stand: Stand) -> None:
    """Where `when` is false, or fails, the request is an event."""
    stand.put_in_force(source={"handshake": [CHALLENGE]})
    for body in (b'{"type": "paid", "id": "e1"}', b'{"id": "e2"}', b"no JSON", b"[]"):
        said = await stand.ask(signed(body))
        assert "Relay-Event-Id" in said.headers
    assert len(await stand.events()) == 4


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ("mode=subscribe&challenge=a%2Bb+c&hub.token=let+me+in", 200, b"a+b c"),
        ("mode=subscribe&challenge=x&hub%2Etoken=let%20me%20in", 200, b"x"),
        ("mode=subscribe&challenge=x&hub.token=wrong", 403, b""),
        ("mode=subscribe&challenge=x", 403, b""),
        ("mode=subscribe&hub.token=let+me+in", 400, b""),
        ("mode=other&challenge=x&hub.token=let+me+in", 400, b""),
        ("", 400, b""),
        ("%ff=%ff&mode=%00&hub.token=%ff", 400, b""),
    ],
)
async def test_a_get_that_repeats_a_token(stand: Stand, query: str, status: int, body: bytes) -> None:
    """Text without a signature, but only with the token; a wrong one is 403, no handshake at all 400."""
    stand.put_in_force(source={"handshake": [SUBSCRIPTION]})
    said = await stand.ask(request(f"/in/shop?{query}", method="GET"))
    if status == 400 and "mode=subscribe" not in query:
        status = 401  # it is no handshake, and nothing else is taken without a signature
    assert (said.status, said.body) == (status, body)
    if status == 200:
        assert said.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert await stand.events() == []


async def test_methods_that_no_handshake_names(stand: Stand) -> None:
    """405, with the methods that there are."""
    stand.put_in_force(source={"handshake": [SUBSCRIPTION]})
    for method in ("PUT", "DELETE", "OPTIONS", "HEAD"):
        said = await stand.ask(request(method=method))
        assert (said.status, said.headers["Allow"]) == (405, "GET, POST")
    stand.put_in_force()
    said = await stand.ask(request(method="GET"))
    assert (said.status, said.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "answer", ["body.missing", "dyn(1)", "dyn([1])", "1 / 0 == 0 ? 'a' : 'b'", "dyn(double('nan'))"]
)
async def test_an_answer_that_cannot_be_given(stand: Stand, answer: str) -> None:
    """400, and never 500: the sender's request has not what the answer needs."""
    stand.put_in_force(source={"handshake": [{"when": "true", "answer": answer}]})
    assert await stand.status(signed(b"{}")) == 400


async def test_an_empty_answer(stand: Stand) -> None:
    """200 without a body, where the file says no answer."""
    stand.put_in_force(source={"handshake": [{"when": "true"}]})
    said = await stand.ask(signed(b"{}"))
    assert (said.status, said.body) == (200, b"")


@pytest.mark.parametrize(
    ("handshake", "path", "text"),
    [
        ({"when": "body.", "answer": "''"}, "handshake[0].when", "column"),
        ({"when": "true", "answer": "bdy.x"}, "handshake[0].answer", "undeclared reference to 'bdy"),
        ({"when": "true", "require": {"t": []}}, "handshake[0].require.t", "a secret is needed"),
    ],
)
def test_what_is_wrong_with_one(handshake: dict[str, Any], path: str, text: str) -> None:
    """At its own key, when the file is loaded."""
    (problem,) = problems(verify="none", handshake=[handshake])
    assert problem.path == f"source.shop.{path}"
    assert text in problem.text
