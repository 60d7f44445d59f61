"""One request out, its answer in: nothing is judged here."""

from typing import Final

from aiohttp import ClientPayloadError, ClientResponse, ClientSession, ClientTimeout

from relay.http.address import with_query, without_query
from relay.http.body import BadBody, read_body
from relay.http.credentials import Credentials
from relay.http.request import Request
from relay.http.response import Response
from relay.http.server_clock import ServerClock
from relay.http.session import proxy_for

TIMEOUT: Final = ClientTimeout(total=60, sock_connect=5, ceil_threshold=60)
LARGEST: Final = 32 << 20
"""Bytes of an answer's body, as it comes and inflated."""


async def send(
    session: ClientSession, request: Request, credentials: Credentials, clock: ServerClock
) -> Response:
    """The answer to a request that takes `credentials` along. Raises what aiohttp does, and BadBody."""
    bare = without_query(request.url, [name for name, _ in credentials.query])
    url = with_query(bare, credentials.query) if credentials.query else bare
    headers = request.headers.copy()
    headers.update(credentials.headers)
    async with session.request(
        request.method,
        url,
        data=request.body,
        headers=headers,
        allow_redirects=False,
        timeout=TIMEOUT,
        proxy=proxy_for(url),
    ) as answer:
        names = _joined(answer)
        at = clock.hear(names)
        return Response(answer.status, names, await _body(answer), str(bare), at)


def _joined(answer: ClientResponse) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in answer.headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


async def _body(answer: ClientResponse) -> bytes:
    """An answer that is an error says so by its status, be its body what it may."""
    try:
        return await read_body(answer, LARGEST)
    except (BadBody, ClientPayloadError):
        if 200 <= answer.status < 300:
            raise
        return b""
