"""From a request that is believed to its events: what proved the sender is not kept."""

from collections.abc import Callable
from urllib.parse import unquote_plus

from relay.event import MASKED, Event, Headers
from relay.receive.providers.protocol import Identity, Part, Request
from relay.receive.source import Source


def made(
    next_id: Callable[[int], str],
    asked: Request,
    source: Source,
    found: Identity | tuple[Part, ...],
    now: int,
) -> list[Event]:
    """The one event of a request, or those that its batch holds."""
    proofs = source.provider.proofs
    query = kept_query(asked.query, source.provider.proof_parameters)
    parts = (Part(found, asked.headers, asked.body),) if isinstance(found, Identity) else found
    return [
        Event(
            id=(id := next_id(now)),
            source=source.name,
            key=id if part.identity.key is None else part.identity.key,
            type=part.identity.type or source.name,
            via="webhook",
            received=now,
            body=part.body,
            headers=kept_headers(part.headers, proofs),
            query=query,
            also=part.identity.also,
            occurred=part.identity.occurred,
        )
        for part in parts
    ]


def kept_headers(headers: Headers, proofs: frozenset[bytes]) -> Headers:
    """Masked where they prove the sender: an event may outlive its source's table, and its secret."""
    if not proofs:
        return headers
    return tuple((name, MASKED if name.lower() in proofs else value) for name, value in headers)


def kept_query(query: str, proofs: frozenset[str]) -> str:
    """Without the parameters that prove the sender."""
    if not query or not proofs:
        return query
    parts = query.split("&")
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) not in proofs)
