"""Names of headers: what is one, and which of them the file may not set."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic import StrictStr as Str

from relay.config.types import fault, quoted

HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
OF_THE_CONNECTION: Final = re.compile(
    "connection|content-length|expect|host|http2-settings|keep-alive"
    "|proxy-(?:authenticate|authorization|connection)|te|trailers?|transfer-encoding|upgrade",
    re.IGNORECASE,
)
"""Whoever sends the request writes them (RFC 9110, 7.6.1)."""
OWN: Final = re.compile("idempotency-key|traceparent|relay-.*", re.IGNORECASE)
"""What every delivery has."""


def _header_name(text: str) -> str:
    if not HEADER_NAME.fullmatch(text):
        raise fault(f"{quoted(text)} is no name of a header", 'such as "X-Signature"')
    return text


def _of_a_request(name: str) -> str:
    if OF_THE_CONNECTION.fullmatch(name):
        raise fault(f"{quoted(name)} cannot be set", "it belongs to the connection")
    return name


def _to_a_target(name: str) -> str:
    if OWN.fullmatch(name):
        raise fault(f"{quoted(name)} cannot be set", "relay writes it by itself")
    return name


def _unsigned(name: str) -> str:
    if name.lower().startswith("webhook-"):
        raise fault(
            f"{quoted(name)} cannot be set", 'it is for signatures: sign = { type = "standard-webhooks", … }'
        )
    return name


HeaderName = Annotated[Str, AfterValidator(_header_name)]
RequestHeader = Annotated[HeaderName, AfterValidator(_of_a_request)]
"""Of a request: all but those of the connection."""
TargetHeader = Annotated[RequestHeader, AfterValidator(_to_a_target)]
"""Of a delivery: nor what every one has."""
RouteHeader = Annotated[TargetHeader, AfterValidator(_unsigned)]
"""That a route sets: nor what only a signature may say."""
