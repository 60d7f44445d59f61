"""What becomes of an event, printed: in lines for people, as a document for programs."""

import base64
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from relay.cli.asked import Asked
from relay.cli.output import clean, clean_text, coloured
from relay.cli.plans import Owed, RoutePlan
from relay.clock import rfc3339
from relay.deliver.targets.open import Outgoing
from relay.delivery import State
from relay.event import Event

LINES: Final = frozenset({"log", "file"})
"""Kinds of targets that get a line, and nothing else."""
UNROUTED: Final = "no route takes it: it would be kept, unrouted"

Document = dict[str, Any]


# for programs


def event_document(event: Event) -> Document:
    """As in a list of the API's, as far as it is known before it is accepted."""
    return {
        "id": event.id,
        "key": event.key,
        "source": event.source,
        "type": event.type,
        "via": event.via,
        "received_at": rfc3339(event.received),
        "occurred_at": None if event.occurred is None else rfc3339(event.occurred),
        "size": len(event.body),
    }


def routes_document(plans: Sequence[RoutePlan]) -> list[Document]:
    return [
        {
            "route": plan.route,
            "taken": plan.taken,
            "why": plan.why,
            "deliveries": [_delivery(owed) for owed in plan.deliveries],
        }
        for plan in plans
    ]


def _delivery(owed: Owed) -> Document:
    return {
        "id": owed.id,
        "target": owed.target,
        "state": owed.state.word,
        "reason": owed.reason,
        "order": owed.order,
        "asks": [_asked(one) for one in owed.asks],
        "request": None if owed.outgoing is None else _request(owed, owed.outgoing),
    }


def _asked(one: Asked) -> Document:
    body = None if one.body is None else one.body.decode("utf-8", "replace")
    return {"enrich": one.name, "put": one.put, "request": one.request, "body": body, "why": one.why}


def _request(owed: Owed, sent: Outgoing) -> Document:
    document: Document = {"kind": sent.kind, **sent.place}
    if owed.batch is not None:
        document["batch"] = {"max": owed.batch.max, "within": owed.batch.within}
    if sent.kind in LINES:
        return document | {"line": sent.body.decode()}
    if sent.kind == "exec":
        document["environment"] = dict(sent.headers)
    else:
        document["headers"] = [list(pair) for pair in sent.headers]
    return document | _body(sent.body)


def _body(body: bytes) -> Document:
    """As text if it is UTF-8, else as base64."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


# for people


def print_event(event: Event) -> None:
    key = "" if event.key is None else f", key {event.key}"
    click.echo(f"{clean(f'an event of {event.source}: type {event.type}{key}')}\n")


def print_routes(plans: Sequence[RoutePlan]) -> None:
    """Route by route, in the order of the file."""
    for plan in plans:
        click.echo(f"route {clean(plan.route)}: {'' if plan.taken else 'not taken: '}{clean(plan.why)}")
        for owed in plan.deliveries:
            for line in _lines(owed):
                click.echo(line)
    if not any(plan.taken or plan.deliveries for plan in plans):
        click.echo(UNROUTED)


def _lines(owed: Owed) -> Iterator[str]:
    order = "" if owed.order is None else f", in order of {clean(owed.order)}"
    yield f"  → {owed.target}{order}"
    yield from (f"    {line}" for line in remarks(owed))
    if owed.outgoing is not None:
        yield from (f"    {line}".rstrip() for line in request_lines(owed.outgoing))
        yield ""


def remarks(owed: Owed) -> Iterator[str]:
    """What is to be said before the request, or why there is none."""
    for one in owed.asks:
        yield from _ask_lines(one)
    if owed.state is not State.PENDING:
        yield f"{coloured(owed.state.word)}: {clean(owed.reason)}"
    elif owed.reason is not None:
        yield clean(owed.reason)
    if owed.batch is not None:
        yield f"in a batch of up to {owed.batch.max}, within {owed.batch.within:g} s; alone in it:"


def _ask_lines(one: Asked) -> Iterator[str]:
    name = f"enrich {one.name}"
    if one.request is None:
        yield f"asks nothing ({name}: {clean(one.why)})"
        return
    body = "" if one.body is None else f" with {clean(one.body.decode('utf-8', 'replace'))}"
    yield f"first asks {clean(one.request)}{body} ({name})"
    if one.end is None:
        yield f"--answer {one.name}=FILE shows what goes out then, by an answer that was saved"


def request_lines(sent: Outgoing) -> Iterator[str]:
    """Place, headers, body."""
    yield clean(_place(sent.kind, sent.place))
    if sent.kind == "exec":
        yield f"{' '.join(sent.place['inherits'])} as the daemon has them"
    mark = "=" if sent.kind == "exec" else ": "
    yield from (clean(f"{name}{mark}{value}") for name, value in sent.headers)
    body = _body(sent.body)
    if sent.body:
        yield ""
        text = clean_text(body["body"]) if "body" in body else f"(base64) {body['body_base64']}"
        yield from text.rstrip("\n").split("\n")


def _place(kind: str, place: Mapping[str, Any]) -> str:
    match kind:
        case "http":
            shown = ", showing a certificate" if "certificate" in place else ""
            return f"{place['method']} {place['url']}{shown}"
        case "exec":
            return shlex.join(place["command"])
    url, *more = place.items()
    return " ".join([str(url[1]), *(f"{name}={shlex.quote(str(value))}" for name, value in more)])
