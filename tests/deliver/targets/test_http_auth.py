"""What proves relay to an HTTP target: where it stands, and that nobody is shown it."""

from typing import Any

import pytest
import structlog
from aiohttp import ClientSession

from relay.deliver.targets.protocol import Verdict
from tests.clock import START
from tests.deliver.owed import event
from tests.deliver.targets.asking import http, message, opened, table
from tests.target import CLOSE, RESET, Answer, ScriptedTarget, answer

SECRET = "tok-Zq81/+="
ENVIRON = {"TOKEN": SECRET}
TOKEN = {"env": "TOKEN"}


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": "t0"}, "Authorization", "Bearer t0"),
        ({"type": "basic", "user": "ann", "password": "p"}, "Authorization", "Basic YW5uOnA="),
        ({"type": "header", "name": "X-Key", "value": "k"}, "X-Key", "k"),
    ],
)
async def test_in_a_header(session: ClientSession, auth: dict[str, Any], header: str, value: str) -> None:
    """It stands there once, in place of the sender's own, however that one is written and how often."""
    theirs = ((header.lower().encode(), b"a"), (header.upper().encode(), b"b"))
    async with ScriptedTarget() as target:
        await http(target.url, session, auth=auth).send(message(of=event(headers=theirs)), START)
        assert (await target.next()).value(header) == value


async def test_without_auth_the_senders_headers_stay(session: ClientSession) -> None:
    """A header of the sender's that is no proof to us is the target's to read."""
    async with ScriptedTarget() as target:
        await http(target.url, session).send(message(of=event(headers=((b"X-Key", b"a"),))), START)
        assert (await target.next()).value("X-Key") == "a"


async def test_401_of_what_is_fixed(session: ClientSession) -> None:
    """There is no other to show: a failed attempt, and one request."""
    async with ScriptedTarget([401]) as target:
        reply = await http(target.url, session, auth={"type": "bearer", "token": "t0"}).send(message(), START)
        assert (reply.verdict, reply.status) == (Verdict.FAILED, 401)
        assert len(target.requests) == 1


PLACES: dict[str, dict[str, Any]] = {
    "bearer": {"auth": {"type": "bearer", "token": TOKEN}},
    "basic": {"auth": {"type": "basic", "user": "ann", "password": TOKEN}},
    "header": {"auth": {"type": "header", "name": "X-Key", "value": TOKEN}},
    "query": {"auth": {"type": "query", "name": "key", "value": TOKEN}},
    "hmac": {"sign": {"type": "hmac", "secret": TOKEN, "header": "X-Sig"}},
}


def echo(status: int, word: str = SECRET) -> Answer:
    """An answer whose reason repeats a secret."""
    return Answer(f"HTTP/1.1 {status} no {word} here\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize("place", PLACES)
async def test_is_not_told(session: ClientSession, place: str) -> None:
    """A target that repeats a secret, or ends in whatever way: no reply and no log line shows it."""
    script = [*(echo(status) for status in (302, 400, 401, 410, 500)), RESET, CLOSE]
    with structlog.testing.capture_logs() as lines:
        async with ScriptedTarget(script) as target:
            sender = opened(table(target.url, ENVIRON, **PLACES[place]), session)
            told = [await sender.send(message(), START) for _ in script]
    assert told[0].error == "answered 302 no *** here"
    assert "Zq81" not in f"{told!r}{lines!r}{sender!r}"


async def test_login_is_not_told(session: ClientSession) -> None:
    """Nor the password of a url, nor what Basic makes of it."""
    async with ScriptedTarget([echo(500, "hidden dXNlcjpoaWRkZW4=")]) as target:
        url = target.url.replace("//", "//user:hidden@")
        reply = await http(url, session).send(message(), START)
    assert reply.error == "answered 500 no *** *** here"


async def test_secret_url_is_not_told(session: ClientSession) -> None:
    """Of a url that is a secret neither host nor path nor parameter, whatever goes wrong."""
    script = [echo(500, "/T0/B0/Xq55 and Xq55 and Wr66"), RESET]
    async with ScriptedTarget(script) as target:
        environ = {"URL": f"http://127.0.0.1:{target.port}/T0/B0/Xq55?k=Wr66"}
        sender = opened(table({"env": "URL"}, environ), session)
        told = [await sender.send(message(), START) for _ in script]
    told.append(await sender.send(message(), START))
    gone = opened(table({"env": "URL"}, {"URL": "https://no-such-host.invalid./Xq55"}), session)
    told.append(await gone.send(message(), START))
    assert told[0].error == "answered 500 no /T0/B0/*** and *** and *** here"
    assert not [word for word in ("Xq55", "Wr66", "127.0.0.1", "no-such-host") if word in repr(told)]


async def test_refusal_of_the_proxy(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY is asked for a tunnel; where it gives none the target is out of reach."""
    async with ScriptedTarget([answer(403)]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hush@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        reply = await http("https://target.example/", session).send(message(), START)
        assert (await proxy.next()).line == b"CONNECT target.example:443 HTTP/1.1"
    assert (reply.verdict, reply.error) == (Verdict.UNREACHABLE, "the proxy answered 403")
