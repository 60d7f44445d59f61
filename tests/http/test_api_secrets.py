"""No secret of an api in a reason, a log line, or anything that is printed, wherever it stands."""

from typing import Any
from urllib.parse import quote

import pytest
import structlog
from aiohttp import ClientSession, ClientTimeout

from relay.expression.errors import CompileError
from relay.http.api import Api
from relay.http.ask import Ask, Fail, Ok
from relay.http.credentials import fixed
from tests.clock import ManualClock
from tests.http.asking import ENVIRON, asked, config, says
from tests.target import CLOSE, GARBAGE, HANG, RESET, Answer, ScriptedTarget, answer

PLACES: dict[str, dict[str, Any]] = {
    "bearer": {"auth": {"type": "bearer", "token": {"env": "TOKEN"}}},
    "basic": {"auth": {"type": "basic", "user": "ann", "password": {"env": "TOKEN"}}},
    "header": {"auth": {"type": "header", "name": "X-Key", "value": {"env": "TOKEN"}}},
    "query": {"auth": {"type": "query", "name": "api_key", "value": {"env": "TOKEN"}}},
    "fixed header": {"headers": {"X-Key": {"env": "TOKEN"}}},
}
SECRET = ENVIRON["TOKEN"]
HIDDEN = "hush-Wd36"
"""Part of a secret url."""


def echo(status: int) -> Answer:
    """An answer that repeats the secret wherever it can."""
    headers = (f"X-Echo: {SECRET}", f"Location: http://{quote(SECRET, safe='')}.example/{SECRET}")
    return says({"error": SECRET, SECRET: 1}, *headers, status=status)


FAILING: list[Answer | int] = [
    *[echo(status) for status in (200, 302, 304, 400, 401, 403, 429, 500)],
    RESET,
    CLOSE,
    GARBAGE,
    HANG,
    answer(200, "Content-Encoding: br", body=SECRET.encode()),
    answer(200, f"X-Long: {SECRET * 2000}"),
]


def spelled(text: str) -> bool:
    """Whether a text shows the secret or the part of a secret url, in whatever spelling."""
    return any(part in text for part in ("tok-Zq81", HIDDEN))


@pytest.mark.parametrize("place", PLACES)
async def test_in_no_reason_and_no_line(
    session: ClientSession, clock: ManualClock, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever an api answers, and however it fails to."""
    monkeypatch.setattr("relay.http.send.TIMEOUT", ClientTimeout(total=0.05))
    words = {**PLACES[place], "check": 'status == 200 ? string(body[body.error + "!"]) : null'}
    with structlog.testing.capture_logs() as lines:
        async with asked(session, clock, FAILING, **words) as (api, _):
            for _ in FAILING:
                got = await api.ask(Ask("/events"))
                assert not isinstance(got, Ok)
                assert not spelled(f"{got!r} {vars(api)!r}")
                clock.advance(3600)
    assert not spelled(repr(lines))
    assert lines


@pytest.mark.parametrize("place", PLACES)
async def test_in_nothing_printed(session: ClientSession, clock: ManualClock, place: str) -> None:
    """Neither the file's tables, nor the api, nor an answer show it."""
    async with asked(session, clock, [echo(200)], **PLACES[place]) as (api, target):
        words = config(target, **PLACES[place])
        got = await api.ask(Ask(f"/events?x={SECRET}"))
    assert isinstance(got, Ok)
    assert not spelled(f"{words!r} {words} {words.model_dump()} {api!r} {got!r} {got.response}")
    assert words.auth is None or words.auth.type == "oauth2" or not spelled(repr(fixed(words.auth)))


@pytest.mark.parametrize("script", FAILING)
async def test_a_secret_url(
    session: ClientSession, clock: ManualClock, script: Answer | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A url that is a secret is in no reason and no line, not even its host."""
    monkeypatch.setattr("relay.http.send.TIMEOUT", ClientTimeout(total=0.05))
    with structlog.testing.capture_logs() as lines:
        async with ScriptedTarget([script, answer(302, "Location: http://127.0.0.1:1/")]) as target:
            monkeypatch.setitem(ENVIRON, "URL", f"http://127.0.0.1:{target.port}/{HIDDEN}")
            api = Api("shop", config(target, url={"env": "URL"}), session, clock)
            told = [await api.ask(Ask("/events")), await api.ask(Ask("http://127.0.0.1:1/x"))]
            clock.advance(3600)
            told.append(await api.ask(Ask("/events")))
    assert not spelled(f"{told!r} {lines!r} {vars(api)!r}")
    assert not any("127.0.0.1" in getattr(one, "why", "") for one in told)
    assert isinstance(told[1], Fail)


async def test_in_no_exception(session: ClientSession, clock: ManualClock) -> None:
    """What does raise, a `check` that is none, shows its own text only."""
    async with ScriptedTarget() as target:
        with pytest.raises(CompileError) as caught:
            Api("shop", config(target, **PLACES["query"], check="nonsense("), session, clock)
    assert not spelled(f"{caught.value} {caught.value!r}")
