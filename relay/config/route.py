"""A route: which events, to which targets, in which shape; and what it asks an api for on the way."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema
from pydantic import StrictStr as Str

from relay.config.header import RouteHeader
from relay.config.request import RequestConfig, literal
from relay.config.table import Table, Texts, default
from relay.config.types import PositiveDuration, fault, quoted
from relay.expression.functions import FUNCTIONS
from relay.seen import EVENT_PARTS, REQUEST_PARTS

PUT: Final = "[a-zA-Z_][a-zA-Z0-9_]{0,63}"
WORDS: Final = re.compile(
    "as|break|const|continue|else|false|for|function|if|import|in|let|loop|namespace|null|package|return|true"
    "|var|void|while|all|cel|dyn|exists|exists_one|filter|has|list|map|null_type|type"
)
"""What CEL keeps for itself (its language definition, section Syntax), its macros and types."""
NAMES: Final = {name.partition(".")[0] for name in (*FUNCTIONS, *EVENT_PARTS, *REQUEST_PARTS)}
"""What expressions know without an enrichment."""


def _put(name: str) -> str:
    if not re.fullmatch(PUT, name):
        raise fault(f"{quoted(name)} is no name that an expression can use", 'such as "order"')
    if name in NAMES or WORDS.fullmatch(name):
        raise fault(f"{quoted(name)} means something else in expressions", "another name")
    return name


def _path(text: str) -> str:
    """A path below that of a target's url: nothing of it may lead elsewhere (each segment, decoded)."""
    if not text.startswith("/"):
        raise fault("a path begins with /", "it is appended to the path of the target's url")
    plain = literal(text)
    if re.search(r"[^\x21-\x7e]|[#?\\]", plain):
        raise fault(
            "is no path of a url", "spaces and the like stand percent-encoded; the query is the target's"
        )
    if any(unquote(segment) in {".", ".."} for segment in plain.split("/")):
        raise fault("leads elsewhere", "no segment is . or ..")
    return text


class RouteConfig(Table):
    """From sources to targets."""

    sources: Annotated[Texts, Field(min_length=1)] = Field(validation_alias="from")
    """Names and globs."""
    unrouted: StrictBool = False
    """Only those for which no other route planned a delivery."""
    when: Str | None = None
    """CEL to true or false: which events; default: every one."""
    to: Annotated[Texts, Field(min_length=1)]
    transform: Str | None = None
    """CEL to the JSON that is sent; null: nothing is. Default: the body as it came."""
    headers: dict[RouteHeader, Str] = Field(default={})
    """CEL to a string, number or bool, in place of the sender's header of that name; null: none."""
    path: Annotated[Str, AfterValidator(_path)] | None = None
    """A template, appended to the path of the target's url."""
    on_error: Literal["dead", "skip", "send"] = "dead"
    """What becomes of an event on which `when` or the shape fails."""


class EnrichConfig(RequestConfig):
    """One more request for an event, whose answer expressions may name."""

    on: Str | None = None
    """CEL to true or false: for which events; default: every one."""
    put: Annotated[Str, AfterValidator(_put), WithJsonSchema({"type": "string", "pattern": f"^{PUT}$"})]
    """The variable that holds the answer."""
    data: Str = "body"
    """CEL: which part of the answer."""
    missing: Literal["retry", "skip"] = "retry"
    """What a 404 means: it is not there yet, or there is nothing to be sent."""
    within: PositiveDuration = default("1h")
    """Given up so long after the event was accepted, or replayed."""
    on_fail: Literal["send", "dead"] = "dead"
    """What then becomes of the delivery: sent with null for the answer, or dead."""
