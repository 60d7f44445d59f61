"""What a call was given: parameters of the URL, or one JSON object; each known, and given once."""

from collections.abc import Collection
from typing import Any

import orjson
from aiohttp import web

from relay.admin.refused import Refused
from relay.config.choice import listed, meant

Given = dict[str, Any]


def parameters(request: web.Request, known: Collection[str] = ()) -> Given | Refused:
    """The parameters of the URL; a `limit` as a number where it is one."""
    given: Given = {}
    for name, value in request.query.items():
        if name not in known:
            return _unknown("parameter", name, known)
        if name in given:
            return Refused(f"{name} is given twice")
        given[name] = int(value) if name == "limit" and _is_number(value) else value
    return given


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _unknown(kind: str, name: str, known: Collection[str]) -> Refused:
    hint = meant(name, known) or (f"there are {', '.join(known)}" if known else "this call takes none")
    return Refused(f"there is no {kind} {listed([name])}", hint)


async def fields(request: web.Request, known: Collection[str] = ()) -> Given | Refused:
    """The JSON object of the body, nothing at all being an empty one. The URL takes no parameters then."""
    refused = parameters(request)
    if isinstance(refused, Refused):
        return refused
    try:
        raw = await request.read()
        given = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        return Refused(f"the body is no JSON: {error.msg}", 'an object, such as {"target": "billing"}')
    except web.RequestPayloadError:
        return Refused("the body cannot be read")
    if not isinstance(given, dict):
        return Refused("the body is no JSON object", 'such as {"target": "billing"}')
    for name in given:
        if name not in known:
            return _unknown("field", name, known)
    return given


def flag(given: Given, name: str) -> bool | Refused:
    """The field `name`: true or false, false where it is not given."""
    value = given.get(name, False)
    return value if isinstance(value, bool) else Refused(f"{name} is neither true nor false")
