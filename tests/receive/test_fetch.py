"""What is had from a sender's own servers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from structlog.testing import capture_logs

from relay.http.session import open_session
from relay.receive.fetch import AT_ONE_HOST, LARGEST, MOST_KEPT, Fetcher
from tests.authority import authority
from tests.outside import ConnectProxy, Site
from tests.target import CUT_BODY, HANG, HOLD, Answer, ScriptedTarget, answer

WITHIN = 20.0
"""Seconds; in these tests nobody waits that long."""
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\na certificate"
GOOD = answer(200, body=CERTIFICATE)
ALWAYS = timedelta(days=36_500)


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with open_session() as session:
        yield session


async def test_what_it_got_it_keeps(session: ClientSession) -> None:
    """One visit, however often it is asked; what is not to be kept is had anew."""
    fetcher = Fetcher(session)
    async with ScriptedTarget(rest=GOOD) as site:
        for _ in range(3):
            assert await fetcher.fetch(f"{site.url}/a", WITHIN) == CERTIFICATE
        assert len(await site.several(1)) == 1
        for _ in range(2):
            assert await fetcher.fetch(f"{site.url}/b", WITHIN, keep=False) == CERTIFICATE
        assert [each.line.split()[1] for each in await site.several(2)] == [b"/hooks/b"] * 2


@pytest.mark.parametrize(
    "said",
    [
        answer(404, body=b"none"),
        answer(500),
        answer(302, "Location: /elsewhere"),
        answer(200, body=b"x" * (LARGEST + 1)),
        Answer(b"\x00\xff nothing of HTTP\r\n\r\n"),
        CUT_BODY,
    ],
)
async def test_failures_are_not_kept(session: ClientSession, said: Answer) -> None:
    """Nothing is had; the next time is another visit, and no redirect is followed."""
    fetcher = Fetcher(session)
    async with ScriptedTarget([said, GOOD]) as site:
        assert await fetcher.fetch(f"{site.url}/a", WITHIN) is None
        assert await fetcher.fetch(f"{site.url}/a", WITHIN) == CERTIFICATE
        assert [each.line.split()[1] for each in await site.several(2)] == [b"/hooks/a"] * 2


async def test_nobody_there(session: ClientSession) -> None:
    """A closed port, and what is no address at all."""
    fetcher = Fetcher(session)
    async with ScriptedTarget() as site:
        gone = site.url
    for url in (f"{gone}/a", "https://[", "nothing:"):
        assert await fetcher.fetch(url, WITHIN) is None


async def test_one_visit_for_all_who_wait(session: ClientSession) -> None:
    """Requests that want the same certificate at once share one visit."""
    fetcher = Fetcher(session)
    async with ScriptedTarget([answer(200, body=CERTIFICATE)]) as site:
        found = await asyncio.gather(*[fetcher.fetch(f"{site.url}/a", WITHIN) for _ in range(20)])
        assert found == [CERTIFICATE] * 20
        assert len(await site.several(1)) == 1


async def test_too_late_for_one_is_there_for_the_next(session: ClientSession) -> None:
    """Who cannot wait goes; the visit goes on, and its sender's next try finds what it brought."""
    fetcher = Fetcher(session)
    late = Answer(HOLD.raw, HOLD.then, GOOD.raw)
    async with ScriptedTarget([late]) as site:
        assert await fetcher.fetch(f"{site.url}/a", 0.0) is None
        await site.next()
        site.let_go()
        assert await fetcher.fetch(f"{site.url}/a", WITHIN) == CERTIFICATE


async def test_few_visits_at_once(session: ClientSession) -> None:
    """Who is no sender can name addresses, too: beyond some, there is no visit; and all end with `close`."""
    fetcher = Fetcher(session)
    async with ScriptedTarget(rest=HANG) as site:
        for number in range(AT_ONE_HOST + 3):
            assert await fetcher.fetch(f"{site.url}/{number}", 0.0) is None
        assert len(await site.several(AT_ONE_HOST)) == AT_ONE_HOST
        assert len(fetcher._visits) == AT_ONE_HOST
        await fetcher.close()
        assert not fetcher._visits


async def test_what_is_kept_has_a_limit(session: ClientSession) -> None:
    """The oldest goes first."""
    fetcher = Fetcher(session)
    async with ScriptedTarget(rest=GOOD) as site:
        for number in range(MOST_KEPT + 1):
            await fetcher.fetch(f"{site.url}/{number}", WITHIN)
        assert len(fetcher._kept) == MOST_KEPT
        assert f"{site.url}/0" not in fetcher._kept


async def test_over_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY leads to the host that is meant, whose certificate is checked; NO_PROXY leads around it."""
    root = authority(ends=ALWAYS, usage=True, web=True)
    own = root.issue("api.paypal.com", hosts=("api.paypal.com",), ends=ALWAYS, web=True)
    (tmp_path / "root.pem").write_bytes(root.pem)
    trusting = TCPConnector(ssl=ssl.create_default_context(cafile=tmp_path / "root.pem"))
    async with (
        Site(own, {"/cert": CERTIFICATE}, tmp_path) as site,
        ConnectProxy(site.port) as proxy,
        ClientSession(connector=trusting) as session,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        fetcher = Fetcher(session)
        assert await fetcher.fetch("https://api.paypal.com/cert", WITHIN) == CERTIFICATE
        assert proxy.asked == ["CONNECT api.paypal.com:443 HTTP/1.1"]
        assert site.asked == ["/cert"]
        assert await fetcher.fetch("https://api.sandbox.paypal.com/cert", WITHIN) is None, "not its name"
        monkeypatch.setenv("NO_PROXY", "localhost")
        asked = len(proxy.asked)
        assert await fetcher.fetch(f"https://localhost:{site.port}/cert", WITHIN) is None, "not its name"
        assert len(proxy.asked) == asked


async def test_a_site_that_nobody_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an unknown root, nothing is had."""
    own = authority(ends=ALWAYS).issue("api.paypal.com", hosts=("api.paypal.com",), ends=ALWAYS, web=True)
    async with (
        Site(own, {"/cert": CERTIFICATE}, tmp_path) as site,
        ConnectProxy(site.port) as proxy,
        open_session() as session,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert await Fetcher(session).fetch("https://api.paypal.com/cert", WITHIN) is None
        assert proxy.asked
        assert not site.asked


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("http://user:hush@127.0.0.1:{port}", "ClientHttpProxyError: status 407"),
        ("user:hush@127.0.0.1:{port}", "no valid answer (InvalidURL)"),
        ("http://user:hush@127.0.0.1:port", "no valid answer (InvalidURL)"),
    ],
)
async def test_a_proxys_login_is_not_logged(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch, address: str, error: str
) -> None:
    """Where it refuses us, and where its address is none: the library's own words hold its password."""
    async with ScriptedTarget(rest=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", address.format(port=proxy.port))
        with capture_logs() as logs:
            assert await Fetcher(session).fetch("https://api.paypal.com/cert", WITHIN) is None
    said = {"event": "fetch.failed", "host": "https://api.paypal.com", "error": error}
    assert logs == [said | {"log_level": "warning"}]


async def test_an_address_is_not_logged(session: ClientSession) -> None:
    """Only its host: what follows it may be a token."""
    with capture_logs() as logs:
        assert await Fetcher(session).fetch("https:///confirm?Token=hush", WITHIN, keep=False) is None
    assert [line["event"] for line in logs] == ["fetch.failed"]
    assert "hush" not in str(logs)
