"""Where a request to an HTTP target goes: the url's own place, with what a route adds to its path."""

import pytest
from aiohttp import ClientSession

from tests.clock import START
from tests.deliver.targets.asking import http, message
from tests.target import ScriptedTarget


@pytest.mark.parametrize(
    ("url", "path", "line"),
    [
        ("", "/orders/1", "/orders/1"),
        ("/", "/orders/1", "/orders/1"),
        ("/hooks", "/orders/1", "/hooks/orders/1"),
        ("/hooks/", "/orders/1", "/hooks/orders/1"),
        ("/hooks?a=%20b&c", "/orders/1", "/hooks/orders/1?a=%20b&c"),
        ("?a=b", "/orders/1", "/orders/1?a=b"),
        ("/h%2Fk", "/%2F%41%3F%23", "/h%2Fk/%2F%41%3F%23"),
        ("/hooks", "/", "/hooks/"),
        ("/hooks", "//other.example/x", "/hooks//other.example/x"),
        ("", "//other.example/x", "//other.example/x"),
        ("/hooks?a=b", "/x?y=1&a=c", "/hooks/x%3Fy=1&a=c?a=b"),
        ("/hooks", "/x#y", "/hooks/x%23y"),
        ("/hooks#frag", "/x", "/hooks/x"),
        ("/hooks?a=b", "", "/hooks?a=b"),
        ("/hooks?sig=x%2Fy%3D%3d&q=%7E", "", "/hooks?sig=x%2Fy%3D%3d&q=%7E"),
        ("/h%7ek?a=x%2Fy", "/1", "/h%7ek/1?a=x%2Fy"),
    ],
)
async def test_path_is_appended(session: ClientSession, url: str, path: str, line: str) -> None:
    """To the path of the url, with one slash between, as it is written; the query stays the url's own."""
    async with ScriptedTarget() as target:
        where = f"http://127.0.0.1:{target.port}{url}"
        await http(where, session).send(message(path=path), START)
        assert (await target.next()).line == f"POST {line} HTTP/1.1".encode()


async def test_host_is_the_urls(session: ClientSession) -> None:
    """Whatever a path holds, the request goes to the url's own host, and says so."""
    async with ScriptedTarget() as target:
        for path in ("//evil.example/", "/@evil.example/", "/\\evil.example", "/..//evil.example"):
            await http(target.url.replace("/hooks", ""), session).send(message(path=path), START)
            assert (await target.next()).value("Host") == f"127.0.0.1:{target.port}"


async def test_parameter_that_proves_us(session: ClientSession) -> None:
    """It stands at the end of the query, in place of the url's own of that name, below any path."""
    auth = {"type": "query", "name": "api key", "value": "k&=/"}
    async with ScriptedTarget() as target:
        sender = http(target.url + "?api+key=old&a=%20b&api%20key=older", session, auth=auth)
        for path in ("", "/orders/1"):
            await sender.send(message(path=path), START)
            line = f"POST /hooks{path}?a=%20b&api%20key=k%26%3D%2F HTTP/1.1"
            assert (await target.next()).line == line.encode()
