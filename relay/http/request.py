"""A request as it goes out, but for what proves us."""

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from multidict import CIMultiDict
from yarl import URL

from relay import __version__
from relay.config.auth import revealed
from relay.config.secret import Secret
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps
from relay.http.address import with_query
from relay.http.ask import Ask, Form, Json
from relay.http.body import ACCEPTED
from relay.text import wire

DEFAULT_HEADERS: Final = {
    "User-Agent": f"relay/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": ACCEPTED,
}
HARMLESS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "if-modified-since", "if-none-match", "user-agent"}
)
"""What another host than the api's own may be told, where an answer sends us there."""
_UNFIT: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


class Unfit(Exception):
    """It cannot be sent: why."""


@dataclass(frozen=True, slots=True)
class Request:
    """`astray`: an answer sent us to another host, which is to learn nothing."""

    method: str
    url: URL = field(repr=False)
    headers: "CIMultiDict[str]" = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    astray: bool = False


def build(ask: Ask, url: URL, fixed: dict[str, str | Secret]) -> Request:
    """The request of an ask, `fixed` being the api's own headers; Unfit where it cannot be one."""
    headers = CIMultiDict(DEFAULT_HEADERS)
    headers.update({name: revealed(word) for name, word in fixed.items()})
    body, media_type = _content(ask.content)
    if media_type:
        headers["Content-Type"] = media_type
    headers.update(ask.headers)
    for name, value in ask.headers:
        if _UNFIT.search(f"{name}{value}"):
            raise Unfit(f"the header {name!r} holds what no header can")
    return Request(ask.method, with_query(url, ask.query) if ask.query else url, headers, body)


def _content(content: Json | Form | bytes | None) -> tuple[bytes | None, str]:
    match content:
        case Json():
            try:
                return dumps(content.value), "application/json"
            except ExpressionError as error:
                raise Unfit(str(error)) from None
        case Form():
            pairs = [(wire(name), wire(value)) for name, value in content.pairs]
            return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    return content, ""


def elsewhere(request: Request, url: URL, *, home: bool) -> Request:
    """The request that a redirect asks for. What was left behind at another host does not come back."""
    if home:
        return replace(request, url=url)
    told = CIMultiDict((name, word) for name, word in request.headers.items() if name.lower() in HARMLESS)
    return replace(request, url=url, headers=told, astray=True)
