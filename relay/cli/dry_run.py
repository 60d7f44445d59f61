"""`relay send --dry-run`: what would become of an event, without anybody hearing of it."""

import asyncio
from collections.abc import Mapping

from relay.cli.output import print_json
from relay.cli.plans import Plans
from relay.cli.plans_shown import event_document, print_event, print_routes, routes_document
from relay.clock import SystemClock
from relay.config.load import Loaded
from relay.errors import RelayError
from relay.event import Event
from relay.parts import parts_of
from relay.receive.events import made
from relay.receive.providers.protocol import Rejected, Request, Sample
from relay.receive.source import Source

NO_ID = "0" * 20
"""Stands for the id that an event is given when it is accepted."""


def show_dry_run(
    loaded: Loaded, source: Source, sample: Sample, answers: Mapping[str, bytes], *, as_json: bool
) -> None:
    """Print what each route would make of the events that `sample` brings."""
    plans = Plans(loaded, parts_of(loaded, warned=True), answers)
    events = _events(source, sample)
    found = [(event, asyncio.run(plans.of_new(event))) for event in events]
    if as_json:
        documents = [
            {"event": event_document(event), "routes": routes_document(routes)} for event, routes in found
        ]
        print_json(documents[0] if len(documents) == 1 else {"events": documents})
        return
    for event, routes in found:
        print_event(event)
        print_routes(routes)


def _events(source: Source, sample: Sample) -> list[Event]:
    """As the daemon would make them of that request."""
    provider, now = source.provider, SystemClock().now()
    asked = Request("POST", source.path, sample.query, provider.sign(sample, now), sample.body)
    greeting = provider.greet(asked, now, proven=True)
    if greeting is not None and not isinstance(greeting, Rejected):
        raise RelayError("it would be answered as a handshake, and not kept")
    found = greeting or provider.identify(asked)
    if isinstance(found, Rejected):
        raise RelayError(f"it would be refused with {found.status}: {found.reason}")
    return made(lambda _now: NO_ID, asked, source, found, now)
