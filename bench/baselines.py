"""What relay is measured against, each a process of its own: the least that a Python program can do.

`handler`: takes a post, checks its signature, answers. `proxy`: the same, and before it answers it posts the
event on; nothing is kept. Both are bare aiohttp on uvloop, access log off. They print `{"port"}` and end
with their standard input.
"""

import argparse
import hmac
import json
from collections.abc import Mapping
from typing import Final

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict

from bench.message import PATH, SECRET, SIGNATURE_HEADER, SIGNATURE_PREFIX
from bench.stdin import lines

KEY: Final = SECRET.encode()
OURS: Final = ("Host", "Content-Length", "Connection", "Accept-Encoding")


def proven(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the signature is the body's."""
    expected = SIGNATURE_PREFIX + hmac.digest(KEY, body, "sha256").hex()
    return hmac.compare_digest(expected, headers.get(SIGNATURE_HEADER, ""))


async def handler(request: web.Request) -> web.Response:
    """Read, check, answer."""
    body = await request.read()
    return web.Response(status=200 if proven(body, request.headers) else 401)


class Proxy:
    """Read, check, post on with the sender's headers, answer."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def __call__(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not proven(body, request.headers):
            return web.Response(status=401)
        headers = CIMultiDict(request.headers)
        for name in OURS:
            headers.pop(name, None)
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return web.Response(status=answer.status)


async def serve(kind: str, to: str) -> None:
    """Serve until standard input ends."""
    app = web.Application()
    async with ClientSession(connector=TCPConnector(limit=64), cookie_jar=DummyCookieJar()) as session:
        app.router.add_post(PATH, handler if kind == "handler" else Proxy(session, to).__call__)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
            async for _ in lines():
                pass
        finally:
            await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.baselines")
    parser.add_argument("kind", choices=("handler", "proxy"))
    parser.add_argument("--to", default="", help="where the proxy posts on to")
    given = parser.parse_args()
    uvloop.run(serve(given.kind, given.to))


if __name__ == "__main__":
    main()
