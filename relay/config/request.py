"""A request to an api, as the file writes it: what polls, watches and enrichments have in common.

`path query headers json form` are templates: texts that may hold `${CEL}`.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool
from pydantic import StrictFloat as Float
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.header import HeaderName
from relay.config.table import Table
from relay.config.types import Name, Rate, fault
from relay.template import pieces


def _scalar(value: object) -> object:
    if isinstance(value, str | bool | int | float):
        return value
    raise fault("must be text, a number, true or false", "a time stands in quotes")


def _param(value: object) -> object:
    return [_scalar(part) for part in value] if isinstance(value, list | tuple) else _scalar(value)


Word = StrictBool | Int | Float | Str
"""A value of a request: text may be a template."""
Scalar = Annotated[Word, BeforeValidator(_scalar, Word)]
Param = Annotated[Word | tuple[Word, ...], BeforeValidator(_param, Word | tuple[Word, ...])]
"""A list stands for a parameter that is repeated."""


def template_path(text: str) -> str:
    """A path that is appended to the api's url, and to nothing else."""
    if not text.startswith("/"):
        raise fault("a path begins with /", "the host is the api's: [api.NAME] url")
    if re.search(r"[\x00-\x20\x7f#]", literal(text)):
        raise fault("is no path of a url", "spaces and # stand percent-encoded")
    return text


def literal(text: str) -> str:
    """A template without its expressions, `$` for each; as it stands where one of them does not end."""
    try:
        return "".join(piece + ("" if expression is None else "$") for piece, expression in pieces(text))
    except ValueError:
        return ""


Path = Annotated[Str, AfterValidator(template_path)]


def _json(value: object) -> object:
    """JSON has no dates: what TOML reads as one would not be what was written."""
    if isinstance(value, dict):
        return {key: _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise fault("must be JSON", "a time stands in quotes")


class RequestConfig(Table):
    """The request, and how its answer is read."""

    api: Name
    """Of whom it is asked: [api.NAME], with its budget and login."""
    rate: Rate | None = None
    """Less than the api allows, for this one alone."""
    check: Str | None = None
    """CEL, instead of the api's."""
    wait: Str | None = None
    """CEL, instead of the api's."""
    method: Literal["GET", "POST"] = "GET"
    path: Path
    """A template, appended to the api's url; each `${}` in it is percent-encoded, unless `raw()`."""
    query: dict[Str, Param] = Field(default={})
    """Templates; a value whose `${}` is null is left out."""
    headers: dict[HeaderName, Scalar] = Field(default={})
    """Templates, likewise."""
    json_body: Annotated[Any, AfterValidator(_json)] = Field(default=None, validation_alias="json")
    """The JSON that is sent: its texts are templates; one that is exactly one `${}` keeps its type."""
    form: dict[Str, Param] = Field(default={})
    """The form that is sent: templates."""
    format: Literal["json", "feed", "text"] = "json"
    """How the answer is read; a feed is RSS or Atom, as `body.entries`."""
