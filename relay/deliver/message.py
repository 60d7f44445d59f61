"""From a delivery to what goes out: its route's shape, the target's places, envelope, format. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from relay.deliver.format import Format
from relay.deliver.headers import Envelope, reshaped, routed
from relay.deliver.shape import NOTHING, PLAIN, Failed, Made, Shape, failed, shape
from relay.deliver.targets.protocol import Message, Target
from relay.delivery import Dead, Delivery, Outcome, Shaped, Skipped
from relay.expression.errors import ExpressionError
from relay.expression.frame import BUDGET
from relay.seen import Seen
from relay.template import Unfit

QUICK: Final = 20_000
"""Steps that an expression may cost on the loop: some 8 ms at the very worst."""
QUICK_BODY: Final = 64 << 10
"""A longer body is not read on the loop."""
TOO_MUCH: Final = "it is too much work"
GONE: Final = "its route is not in the file any more, and with it what it makes of the event"
JSON: Final = "application/json"
UNCHANGED: Final = Made()
NO_PUTS: Final[Mapping[str, Any]] = {}
NOWHERE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes the messages of one target."""

    target: Target
    envelope: Envelope
    format: Format
    shapes: Mapping[str, Shape | None]
    """By route; None: the route leaves its events as they are. Of a route that is not there the file knows
    nothing any more."""

    def shape_of(self, delivery: Delivery) -> Shape | None:
        """What is to be made of a delivery; None: it cannot be said any more."""
        if delivery.shaped is Shaped.BARE:
            return PLAIN
        if delivery.route in self.shapes:
            return self.shapes[delivery.route] or PLAIN
        return None if delivery.shaped is Shaped.SHAPED else PLAIN

    def compose_quickly(
        self, delivery: Delivery, chosen: Shape | None, puts: Mapping[str, Any] = NO_PUTS
    ) -> Message | Outcome | None:
        """What goes out, or what becomes of the delivery without; None: ask `compose`, on a thread.

        `chosen`: its `shape_of`.
        """
        if chosen is PLAIN and self.format.leaves_body and not self.target.places:
            return self._message(delivery, UNCHANGED, None, QUICK)
        if len(delivery.event.body) > QUICK_BODY:
            return None
        try:
            return self._composed(delivery, chosen, puts, QUICK)
        except ExpressionError:
            return None

    def compose(
        self, delivery: Delivery, chosen: Shape | None, puts: Mapping[str, Any] = NO_PUTS
    ) -> Message | Outcome:
        """The same, however long it takes: 0.2 s for each expression at the very worst."""
        try:
            return self._composed(delivery, chosen, puts, BUDGET)
        except ExpressionError:
            return self._fallen(delivery, chosen or PLAIN, Failed(TOO_MUCH), BUDGET)

    def _composed(
        self, delivery: Delivery, chosen: Shape | None, puts: Mapping[str, Any], budget: int
    ) -> Message | Outcome:
        if chosen is None:
            return Dead(GONE)
        made: Made | Failed | None = UNCHANGED
        seen = _seen(delivery, puts) if chosen is not PLAIN or self.target.places else None
        if seen is not None and chosen is not PLAIN:
            made = shape(seen, chosen, budget)
        if made is None:
            return Skipped(NOTHING)
        if isinstance(made, Failed):
            return self._fallen(delivery, chosen, made, budget)
        return self._message(delivery, made, seen, budget)

    def _fallen(self, delivery: Delivery, chosen: Shape, why: Failed, budget: int) -> Message | Outcome:
        """What `on_error` makes of a delivery whose shape fails."""
        match chosen.on_error:
            case "skip":
                return Skipped(why.reason)
            case "send":
                return self._message(delivery, UNCHANGED, _seen(delivery, NO_PUTS), budget)
        return Dead(why.reason)

    def _message(self, delivery: Delivery, made: Made, seen: Seen | None, budget: int) -> Message | Outcome:
        places = NOWHERE if seen is None else self._places(seen, budget)
        if isinstance(places, Dead):
            return places
        along, attributes = self.target.takes_senders_headers, self.format.leaves_attributes
        headers = self.envelope.headers(delivery, along=along, attributes=attributes)
        body = delivery.event.body
        if made.body is not None:
            body = made.body
            reshaped(headers, JSON)
        if made.headers:
            routed(headers, made.headers)
        body = self.format.form(delivery.event, body, headers, transformed=made.body is not None)
        return Message((delivery,), body, headers, made.path, places)

    def _places(self, seen: Seen, budget: int) -> Mapping[str, str] | Dead:
        """Where at the target it goes. Without that nothing can be sent, whatever the route says."""
        found = {}
        for name, place in self.target.places.items():
            try:
                found[name] = place(seen, budget)
            except Unfit as error:
                return Dead(failed(name, error).reason)
            except ExpressionError as error:
                if error.exhausted and budget < BUDGET:
                    raise
                return Dead(failed(name, error).reason)
        return found


def _seen(delivery: Delivery, puts: Mapping[str, Any]) -> Seen:
    seen = Seen(delivery.event)
    seen.update(puts)
    return seen
