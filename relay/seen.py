"""What expressions see of an event, each part made when it is first asked for."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from relay.event import Event
from relay.expression.environment import Environment
from relay.expression.values import Timestamp
from relay.view import View

EVENT: Final = {
    "id": "string",
    "source": "string",
    "type": "string",
    "time": "dyn",
    "received": "timestamp",
    "via": "string",
    "key": "dyn",
    "data": "dyn",
}
"""What an event has: `time` and `key` may be null."""
EVENT_PARTS: Final = {"event": "dyn"} | {f"event.{part}": kind for part, kind in EVENT.items()}
"""Each part by its own name, too, so that `event.type` does not cost the reading of `event.data`."""
REQUEST_PARTS: Final = {
    "headers": "map(string, string)",
    "query": "map(string, string)",
    "body": "dyn",
    "digest": "string",
}
HINT: Final = "CEL over event, headers, query, body and digest"


@cache
def environment(puts: tuple[str, ...] = ()) -> Environment:
    """What expressions of routes and targets may name; `puts`: what enrichments put."""
    return Environment(EVENT_PARTS | REQUEST_PARTS | dict.fromkeys(puts, "dyn"))


class Seen(View):
    """An event as expressions see it. `of`: a view of the request that brought it, as far as it was read."""

    def __init__(self, event: Event, of: View | None = None) -> None:
        super().__init__(event.headers, event.query, event.body)
        self.event = event
        if of is not None and of.bytes is event.body:
            self.share(of)

    def __missing__(self, name: str) -> Any:
        part = _PARTS.get(name.removeprefix("event."))
        if name == "event":
            value: Any = {part: self[f"event.{part}"] for part in EVENT}
        elif part is not None and name.startswith("event."):
            value = part(self)
        else:
            return super().__missing__(name)
        self[name] = value
        return value


_PARTS: Final[dict[str, Callable[[Seen], Any]]] = {
    "id": lambda seen: seen.event.id,
    "source": lambda seen: seen.event.source,
    "type": lambda seen: seen.event.type,
    "time": lambda seen: timestamp(seen.event.occurred),
    "received": lambda seen: timestamp(seen.event.received),
    "via": lambda seen: seen.event.via,
    "key": lambda seen: seen.event.key,
    "data": lambda seen: seen["body"],
}


def timestamp(at: int | None) -> Timestamp | None:
    """Microseconds since 1970 as expressions see them."""
    return None if at is None else Timestamp(at * 1_000)
