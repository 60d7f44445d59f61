"""An api that relay asks: its address, how relay proves itself there, and how much it may be asked."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationInfo
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.auth import Auth, HeaderWord, http_url, is_http, revealed
from relay.config.header import RequestHeader
from relay.config.secret import Secret
from relay.config.table import Table
from relay.config.types import Rate, fault, quoted


def api_url(value: object, info: ValidationInfo) -> str | Secret:
    """The url that paths are appended to: without query and fragment."""
    url = http_url(value, info)
    if re.search(r"[?#]", revealed(url)):
        raise fault("is no url that a path can be appended to", "leave out what begins with ? or #")
    return url


def api_host(text: str) -> str:
    """`HOST` or `HOST:PORT`, in lower case."""
    if re.search(r"[/?#@]", text) or not is_http(f"https://{text}"):
        raise fault(f"{quoted(text)} is no host", 'such as "files.example.com", "files.example.com:8443"')
    return text.lower()


class ApiConfig(Table):
    """An api, with one budget for all that ask it."""

    url: Annotated[str | Secret, PlainValidator(api_url, json_schema_input_type=Secret), PlainSerializer(str)]
    """http(s)://…, to which the paths of requests are appended; a Secret where the file says so."""
    headers: dict[RequestHeader, HeaderWord] = Field(default={})
    """Of each request; a poll's own of the same name win."""
    hosts: tuple[Annotated[Str, AfterValidator(api_host)], ...] = ()
    """Further hosts, HOST or HOST:PORT, that the api's answers may send relay to."""
    auth: Annotated[Auth | None, Field(discriminator="type")] = None
    """How relay proves itself."""
    rate: Rate | None = None
    """How many requests at most, of all that ask; none: as many as at_once lets through."""
    burst: Annotated[Int, Field(ge=1, le=1_000_000)] | None = None
    """How many may go at once behind a rest; default: one second of rate, at least 1."""
    at_once: Annotated[Int, Field(ge=1, le=1000)] = 4
    """How many may be under way at the same time."""
    check: Str | None = None
    """CEL over status, headers, body to "ok", "wait", "retry", "auth", "restart", "fail"; null: by status."""
    wait: Str | None = None
    """CEL to a duration: how long to wait where no standard header says it."""

    @property
    def address(self) -> str:
        """The url revealed: for connecting, never for printing."""
        return revealed(self.url)
