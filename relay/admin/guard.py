"""Before every call: the token; and whatever goes wrong is told as JSON, never as a 500."""

import asyncio
import hmac
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from relay.admin.answer import refuse, unavailable
from relay.admin.refused import Refused, no_such
from relay.errors import RelayError, StoreUnavailable

log = structlog.get_logger()

OPEN: Final = frozenset({"/livez", "/readyz", "/health", "/metrics"})
"""Need no token."""
TOKEN_HINT: Final = "Authorization: Bearer TOKEN; it is [admin] token, else admin.token beside the store"  # noqa: S105  a hint


def make_guard(token: str) -> Middleware:
    """The token is asked for before anything is said, be it that there is no such call."""
    expected = b"Bearer " + token.encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in OPEN and not _shows(request, expected):
            refused = Refused("the token is missing or wrong", TOKEN_HINT, 401)
            return refuse(refused, {"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return guard


def _shows(request: web.Request, expected: bytes) -> bool:
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, expected)


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a call did not foresee, as an answer."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _explain(request, error)
    except asyncio.CancelledError:
        raise
    except (StoreUnavailable, TimeoutError) as error:
        text = error.message if isinstance(error, RelayError) else "the store did not answer in time"
        return unavailable(text, "try again; /health says what is wrong")
    except Exception as error:
        log.error("admin.failed", method=request.method, path=request.path, exc_info=error)
        return unavailable("an error of relay's own", "the log has it; try again")


def _explain(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        refused = Refused(f"{request.method} is not for {request.path}", f"it takes {allowed}", 405)
        return refuse(refused, {"Allow": allowed})
    if error.status == 404:
        paths = {str(resource.canonical) for resource in request.app.router.resources()}
        return refuse(no_such("call", request.path, paths))
    return refuse(Refused(error.reason.lower(), "", error.status))
