"""The apis of a file: opened once, kept over a reload that leaves them alone, closed when replaced."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.config.api import ApiConfig
from relay.http.apis import Apis
from relay.http.ask import Ask, Ok
from tests.clock import ManualClock
from tests.eventually import eventually
from tests.http.asking import config
from tests.target import HANG, ScriptedTarget


def table(**keys: Any) -> ApiConfig:
    return ApiConfig.model_validate({"url": "http://shop.example", **keys})


async def test_by_name(session: ClientSession, clock: ManualClock) -> None:
    """Whoever asks for one gets the same one."""
    apis = Apis(session, clock)
    assert dict(apis) == {}
    apis.open({"shop": table(), "zoom": table()})
    assert (list(apis), len(apis)) == (["shop", "zoom"], 2)
    assert apis["shop"] is apis["shop"] is not apis["zoom"]
    with pytest.raises(KeyError):
        apis["other"]
    await apis.close()


async def test_a_reload(session: ClientSession, clock: ManualClock) -> None:
    """What is as it was stays; another table is another api; what is gone from the file is gone."""
    apis = Apis(session, clock)
    apis.open({"shop": table(), "zoom": table(), "gone": table()})
    before = dict(apis)
    apis.open({"new": table(), "zoom": table(rate="1/s"), "shop": table()})
    assert list(apis) == ["new", "zoom", "shop"]
    assert apis["shop"] is before["shop"]
    assert apis["zoom"] is not before["zoom"]
    apis.open({"gone": table()})
    assert apis["gone"] is not before["gone"]
    await apis.close()


async def test_its_waits_stay(session: ClientSession, clock: ManualClock) -> None:
    """Who was told to wait waits on over a reload."""
    async with ScriptedTarget([429]) as target:
        apis = Apis(session, clock)
        apis.open({"shop": config(target)})
        await apis["shop"].ask(Ask("/a"))
        apis.open({"shop": config(target)})
        assert apis["shop"].stopped_until()
        apis.open({"shop": config(target, at_once=2)})
        assert not apis["shop"].stopped_until()
        await apis.close()


async def test_what_is_replaced_ends(session: ClientSession, clock: ManualClock) -> None:
    """A token that it was fetching is not waited for, by a reload as at the end."""
    async with ScriptedTarget([HANG, HANG]) as token, ScriptedTarget() as target:
        login = {
            "type": "oauth2",
            "token_url": token.url,
            "client_id": "a",
            "client_secret": {"env": "TOKEN"},
        }
        apis = Apis(session, clock)
        apis.open({"shop": config(target, auth=login)})
        waiting = asyncio.ensure_future(apis["shop"].ask(Ask("/a")))
        await token.next()
        apis.open({"shop": config(target)})
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert isinstance(await apis["shop"].ask(Ask("/a")), Ok)
        await eventually(lambda: not apis._closing)
        apis.open({"shop": config(target, auth=login)})
        waiting = asyncio.ensure_future(apis["shop"].ask(Ask("/a")))
        await token.next()
        await apis.close()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
