"""An answer of an api, whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import orjson

from relay.view import ABSENT

_MARK: Final = b"\xef\xbb\xbf"
"""What some servers put before their JSON; RFC 8259, 8.1 lets a parser pass it over."""


@dataclass(frozen=True)
class Response:
    """`headers` have lower-case names, repeated ones joined by ", "; the body is no longer encoded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    """What was asked, without what proved us. It may hold the api's secret url: never print it."""
    at: int
    """The server's time when it answered, microseconds since 1970."""

    @cached_property
    def json(self) -> Any:
        """The body as JSON, parsed once; ABSENT (`relay.view`) where it is none."""
        try:
            return orjson.loads(self.body.removeprefix(_MARK))
        except orjson.JSONDecodeError:
            return ABSENT
