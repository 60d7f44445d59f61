"""OAuth2 tokens: one fetch for all, renewed in time, and what becomes of a url that fails."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND, rfc3339
from relay.config.auth import OAuth2Auth
from relay.config.types import Place
from relay.http.credentials import Credentials, NoToken
from relay.http.oauth2 import LARGEST, LONGEST, UNSAID, OAuth2, Refused, Token, read_token
from tests.clock import START, ManualClock
from tests.http.asking import ENVIRON, says
from tests.target import HOLD, RESET, Answer, ScriptedTarget, answer

WORDS: dict[str, Any] = {"type": "oauth2", "client_id": {"env": "CLIENT"}, "client_secret": {"env": "KEY"}}


def token(text: str, **more: object) -> Answer:
    return says({"access_token": text, "token_type": "Bearer", "expires_in": 1000, **more})


@asynccontextmanager
async def opened(
    session: ClientSession, clock: ManualClock, *script: Answer | int, **words: object
) -> AsyncIterator[tuple[OAuth2, ScriptedTarget]]:
    async with ScriptedTarget(script) as target:
        said = {**WORDS, "token_url": f"http://127.0.0.1:{target.port}/token?v=2", **words}
        config = OAuth2Auth.model_validate(said, context=Place(Path(), environ=ENVIRON))
        auth = OAuth2(config, session, clock, "api.shop")
        try:
            yield auth, target
        finally:
            await auth.close()


def bearer(credentials: Credentials | NoToken) -> str:
    assert isinstance(credentials, Credentials)
    ((name, value),) = credentials.headers
    assert name == "Authorization"
    return value.removeprefix("Bearer ")


def why(credentials: Credentials | NoToken) -> tuple[str, float]:
    """Why there is no token, and how many seconds after the start it is tried again."""
    assert isinstance(credentials, NoToken)
    return credentials.why, (credentials.until - START) / SECOND


async def test_login_by_basic(session: ClientSession, clock: ManualClock) -> None:
    """Id and secret as a login, each form-encoded first; the form says the grant, and nothing secret."""
    async with opened(session, clock, token("one")) as (auth, target):
        assert bearer(await auth.credentials()) == "one"
        request = await target.next()
    assert request.line == b"POST /token?v=2 HTTP/1.1"
    login = base64.b64decode(request.value("Authorization").removeprefix("Basic ")).decode()
    assert [unquote_plus(part) for part in login.split(":")] == [ENVIRON["CLIENT"], ENVIRON["KEY"]]
    assert request.body == b"grant_type=client_credentials"
    assert request.value("Content-Type") == "application/x-www-form-urlencoded"
    assert request.value("User-Agent").startswith("relay/")


async def test_login_in_the_body(session: ClientSession, clock: ManualClock) -> None:
    """`send = "body"`: fields of the form; `form` adds more, secrets too, and may name another grant."""
    form = {"grant_type": "account_credentials", "account_id": {"env": "ACCOUNT"}}
    async with opened(session, clock, token("one"), send="body", form=form) as (auth, target):
        await auth.credentials()
        request = await target.next()
    assert request.values("Authorization") == []
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "account_credentials",
        "account_id": ENVIRON["ACCOUNT"],
        "client_id": ENVIRON["CLIENT"],
        "client_secret": ENVIRON["KEY"],
    }


async def test_one_fetch_for_all(session: ClientSession, clock: ManualClock) -> None:
    """Who comes while a token is fetched waits for that one; it goes on though its first asker is gone."""
    async with opened(session, clock, HOLD) as (auth, target):
        askers = [asyncio.ensure_future(auth.credentials()) for _ in range(5)]
        await target.next()
        askers[0].cancel()
        target.let_go()
        got = await asyncio.gather(*askers[1:])
        assert {why(one)[0] for one in got} == {"no token: answered 200 without a JSON object"}
        assert askers[0].cancelled()
        assert len(target.requests) == 1


async def test_one_token_for_all(session: ClientSession, clock: ManualClock) -> None:
    """All get the same, and it is kept for 90 % of its life."""
    async with opened(session, clock, token("one"), token("two")) as (auth, target):
        got = await asyncio.gather(*[auth.credentials() for _ in range(5)])
        clock.advance(899)
        got.append(await auth.credentials())
        assert {bearer(one) for one in got} == {"one"}
        clock.advance(1)
        assert bearer(await auth.credentials()) == "two"
        assert len(target.requests) == 2


async def test_without_a_life_an_hour(session: ClientSession, clock: ManualClock) -> None:
    """A token that says no end is kept as if it were an hour."""
    async with opened(session, clock, token("one", expires_in=None), token("two")) as (auth, _):
        await auth.credentials()
        clock.advance(0.9 * 3600 - 1)
        assert bearer(await auth.credentials()) == "one"
        clock.advance(1)
        assert bearer(await auth.credentials()) == "two"


async def test_a_living_token_outlasts_its_url(session: ClientSession, clock: ManualClock) -> None:
    """Renewed early, so that a url that is down for a while is no loss; at its end there is none."""
    async with opened(session, clock, token("one"), 500, 500) as (auth, target):
        await auth.credentials()
        clock.advance(900)
        assert bearer(await auth.credentials()) == "one"
        assert bearer(await auth.credentials()) == "one"
        assert len(target.requests) == 2
        clock.advance(100)
        assert why(await auth.credentials()) == ("no token: answered 500", 1002)


async def test_the_url_backs_off(session: ClientSession, clock: ManualClock) -> None:
    """1 s, doubling to 5 min: until then nobody asks it, and everybody is told so."""
    async with opened(session, clock, *[500] * 12) as (auth, target):
        waits = []
        for number in range(12):
            _, until = why(await auth.credentials())
            assert why(await auth.credentials()) == ("no token: answered 500", until)
            assert len(target.requests) == number + 1
            waits.append(until - (clock.now() - START) / SECOND)
            clock.set(START + int(until * SECOND))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


async def test_it_recovers(session: ClientSession, clock: ManualClock) -> None:
    """One token, and the next failure begins with a second again."""
    async with opened(session, clock, 500, 500, token("one"), 500) as (auth, _):
        await auth.credentials()
        clock.advance(1)
        await auth.credentials()
        clock.advance(2)
        assert bearer(await auth.credentials()) == "one"
        clock.advance(1000)
        assert why(await auth.credentials())[1] == 1004


async def test_the_url_says_how_long(session: ClientSession, clock: ManualClock) -> None:
    """Its Retry-After counts, in any form, where it is longer."""
    until = rfc3339(START + 90 * SECOND)
    async with opened(session, clock, answer(429, f"Retry-After: {until}")) as (auth, _):
        assert why(await auth.credentials()) == ("no token: answered 429", 90)


async def test_refused_tokens(session: ClientSession, clock: ManualClock) -> None:
    """The first that is refused is replaced at once; where the next is refused too, only by the back-off."""
    async with opened(session, clock, *[token(str(number)) for number in range(9)]) as (auth, target):
        first = await auth.credentials()
        assert isinstance(first, Credentials)
        assert auth.refuse(first)
        assert auth.refuse(first)
        second = await auth.credentials()
        assert isinstance(second, Credentials)
        assert auth.refuse(first)
        assert bearer(await auth.credentials()) == bearer(second) == "1"
        auth.refuse(second)
        assert why(await auth.credentials()) == ("no token: the tokens that it gives are refused", 1)
        clock.advance(1)
        third = await auth.credentials()
        assert isinstance(third, Credentials)
        auth.refuse(third)
        assert why(await auth.credentials())[1] == 3
        clock.advance(2)
        fourth = await auth.credentials()
        assert isinstance(fourth, Credentials)
        auth.accept(fourth)
        auth.refuse(fourth)
        assert bearer(await auth.credentials()) == "4"
        assert len(target.requests) == 5


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (RESET, "connection broken: Connection reset by peer"),
        (answer(302, "Location: http://127.0.0.1:1/"), "answered 302"),
        (says({"error": "invalid_client"}, status=401), "answered 401: invalid_client"),
        (says({"error": "invalid_grant"}), "the answer has no access_token: invalid_grant"),
        (answer(200, body=b"<html>"), "answered 200 without a JSON object"),
        (answer(200, body=b"[" * 100_000), "its body is larger than relay takes"),
        (answer(200, body=b"[" * 60_000), "answered 200 without a JSON object"),
        (says({"access_token": "x" * LARGEST}), "its body is larger than relay takes"),
        (
            answer(200, "Content-Encoding: br", body=b"x"),
            "its body is encoded in a way that was not asked for",
        ),
        (answer(200, "Content-Encoding: gzip", body=b"no gzip"), "its body is broken"),
    ],
)
async def test_what_is_no_token(
    session: ClientSession, clock: ManualClock, script: Answer, told: str
) -> None:
    """Every failure is a reason, and no exception."""
    async with opened(session, clock, script) as (auth, _):
        assert why(await auth.credentials()) == (f"no token: {told}", 1)


async def test_no_secret_in_a_reason(session: ClientSession, clock: ManualClock) -> None:
    """A url that repeats what it was sent is not repeated."""
    parts = [ENVIRON["KEY"], ENVIRON["ACCOUNT"], ENVIRON["CLIENT"]]
    script = says({"error": " ".join(parts)}, status=400)
    async with opened(session, clock, script, form={"account": {"env": "ACCOUNT"}}) as (auth, _):
        assert why(await auth.credentials())[0] == "no token: answered 400: *** *** ***"
        assert not any(part in repr(vars(auth)) for part in parts)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"access_token": "t"}, UNSAID),
        ({"access_token": "t", "expires_in": 60}, 60),
        ({"access_token": "t", "expires_in": "3599"}, 3599),
        ({"access_token": "t", "expires_in": 1.5}, 1.5),
        ({"access_token": "t", "expires_in": 0}, UNSAID),
        ({"access_token": "t", "expires_in": -1}, UNSAID),
        ({"access_token": "t", "expires_in": 10**18}, LONGEST),
        ({"access_token": "t", "expires_in": "9" * 5000}, LONGEST),
        ({"access_token": "t", "token_type": "BearerToken"}, UNSAID),
        ({"access_token": "t", "expires_in": True}, None),
        ({"access_token": "t", "expires_in": [60]}, None),
        ({"access_token": "t", "expires_in": "soon"}, None),
        ({"access_token": "t", "token_type": "mac"}, None),
        ({"access_token": "t", "token_type": 1}, None),
        ({"access_token": ""}, None),
        ({"access_token": 5}, None),
        ({"access_token": "a\r\nX-Evil:1"}, None),
        ({"access_token": "tök"}, None),
        ({"access_token": None}, None),
        ([], None),
        (None, None),
        ("t", None),
    ],
)
def test_reading_a_token(told: object, outcome: float | None) -> None:
    """Its life in seconds; None where it is no token that can be sent."""
    try:
        body = orjson.dumps(told)
    except TypeError:
        body = b"%s" % repr(told).replace("'", '"').encode()
    read = read_token(200, {}, body, START)
    if outcome is None:
        assert isinstance(read, Refused)
    else:
        assert isinstance(read, Token)
        assert (read.ends_at - START) / SECOND == outcome
        assert (read.renew_at - START) / SECOND == pytest.approx(0.9 * outcome)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


KEYS = ("access_token", "token_type", "expires_in", "error")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), st.sampled_from([200, 400]))
def test_hostile_answers(told: dict[str, object], status: int) -> None:
    """Whatever it says: a token or a reason."""
    read = read_token(status, {}, json.dumps(told).encode(), START)
    assert isinstance(read, Token | Refused)
    if isinstance(read, Token):
        assert START <= read.renew_at <= read.ends_at <= START + LONGEST * SECOND
        assert read.text not in repr(read) or len(read.text) < 4


async def test_closed_while_it_fetches(session: ClientSession, clock: ManualClock) -> None:
    """The end of it all ends a fetch that hangs."""
    async with opened(session, clock, HOLD) as (auth, target):
        asker = asyncio.ensure_future(auth.credentials())
        await target.next()
        await auth.close()
        with pytest.raises(asyncio.CancelledError):
            await asker
