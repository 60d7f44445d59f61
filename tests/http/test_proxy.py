"""The proxy of the environment is used for apis and their tokens alike."""

import pytest
from aiohttp import ClientSession

from relay.config.auth import OAuth2Auth
from relay.config.secret import Secret
from relay.http.api import Api
from relay.http.ask import Ask, Retry
from relay.http.credentials import NoToken
from relay.http.oauth2 import OAuth2
from tests.clock import ManualClock
from tests.http.asking import config
from tests.target import ScriptedTarget


async def test_https_goes_through_it(
    session: ClientSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY is asked for a tunnel, its refusal is a reason, and its login is nobody's business."""
    async with ScriptedTarget(rest=403) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hush@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        api = Api("shop", config(proxy, url="https://api.example.com"), session, clock)
        got = await api.ask(Ask("/x"))
        words = OAuth2Auth(
            token_url="https://login.example.com/t", client_id="a", client_secret=Secret("hush")
        )
        token = await OAuth2(words, session, clock).credentials()
        lines = [request.line for request in proxy.requests]
    assert isinstance(got, Retry)
    assert isinstance(token, NoToken)
    assert "hush" not in f"{got.why}{token.why}"
    assert lines == [b"CONNECT api.example.com:443 HTTP/1.1", b"CONNECT login.example.com:443 HTTP/1.1"]


async def test_not_where_it_is_excepted(
    session: ClientSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY is heeded."""
    async with ScriptedTarget() as proxy, ScriptedTarget() as target:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        url = f"https://127.0.0.1:{target.port}"
        await target.close()
        assert isinstance(await Api("shop", config(target, url=url), session, clock).ask(Ask("/x")), Retry)
    assert proxy.connections == 0
