"""What the admin listener answers: JSON, in one write."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from relay.admin.refused import Refused

RETRY_AFTER: Final = "5"
"""Seconds after which a call that failed by our own fault may be tried again."""


def answer(
    document: Mapping[str, Any],
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """`document` as JSON."""
    body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    return web.Response(body=body, status=status, content_type=content_type, headers=headers)


def refuse(refused: Refused, headers: Mapping[str, str] | None = None) -> web.Response:
    """`{"error", "hint"}`."""
    return answer({"error": refused.error, "hint": refused.hint}, refused.status, headers=headers)


def unavailable(error: str, hint: str) -> web.Response:
    """Our own fault: 503, come again."""
    return refuse(Refused(error, hint, 503), {"Retry-After": RETRY_AFTER})
