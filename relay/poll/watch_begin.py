"""Beginning watches: which things an event names, and what has to be remembered of it. Pure but for the log.

It is asked of each event that is accepted. Where `on` does not hold by what the event is called, its body is
not even parsed.
"""

from collections.abc import Iterable
from typing import Any, Final

import structlog

from relay.clock import micros
from relay.event import Event
from relay.expression.errors import ExpressionError
from relay.http.document import written
from relay.poll.watch import WatchDefinition
from relay.seen import EVENT, Seen
from relay.store.progress import Watch
from relay.template import Unfit
from relay.text import key_text

log = structlog.get_logger()

MOST_KEYS: Final = 1_000
"""Things that one event may name."""
MOST_ABOUT: Final = 256 << 10
"""Bytes of an event that are kept for its watches, where a template or an expression names it."""
MOST_KEPT: Final = 8 << 20
"""Bytes that all watches of an event may keep of it together: each has them for itself."""

NOTHING: Final = b"{}"


def begun(watches: Iterable[WatchDefinition], seen: Seen) -> tuple[Watch, ...]:
    """What an event begins: one watch for each key of each definition whose `on` holds, due at once.

    An expression that fails begins nothing, and is logged once for each definition.
    """
    return tuple(watch for each in watches if _holds(each, seen) for watch in _begun(each, seen.event, seen))


def _holds(watch: WatchDefinition, seen: Seen) -> bool:
    try:
        return watch.on.holds(seen)
    except ExpressionError as error:
        _tell_once(watch, "on", str(error), seen.event)
        return False


def _begun(watch: WatchDefinition, event: Event, seen: Seen) -> Iterable[Watch]:
    try:
        keys = _keys(watch.keys.given(seen))
        about = _about(seen) if watch.recalls and keys else NOTHING
    except (ExpressionError, Unfit) as error:
        _tell_once(watch, "keys", str(error), event)
        return ()
    if len(about) > MOST_ABOUT or len(about) * len(keys) > MOST_KEPT or len(keys) > MOST_KEYS:
        what = f"it names {len(keys)} things, with {len(about)} bytes to be kept for each"
        log.warning("watch.not-begun", watch=watch.name, by=event.id, error=f"too large: {what}")
        return ()
    until = event.received + micros(watch.config.within)
    kept = about.decode()
    return [Watch(watch.name, key, event.received, until, event.received, kept) for key in keys]


def _keys(value: Any) -> list[str]:
    """The texts of a list, each once; null among them is nothing. Unfit."""
    if not isinstance(value, list):
        raise Unfit("gives no list")
    return list(dict.fromkeys(_key(one) for one in value if one is not None))


def _key(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str):
        raise Unfit("gives what is neither text nor whole number")
    if not value or key_text(value) != value:
        raise Unfit("gives a text that cannot be a key: it is empty, too long or no UTF-8")
    return str(value)


def _about(seen: Seen) -> bytes:
    """The event as JSON, its times in microseconds."""
    event = seen.event
    times = {"time": event.occurred, "received": event.received}
    return written({part: seen[f"event.{part}"] for part in EVENT if part not in times} | times)


def _tell_once(watch: WatchDefinition, step: str, error: str, event: Event) -> None:
    if step not in watch.told:
        watch.told.add(step)
        log.warning("watch.not-begun", watch=watch.name, by=event.id, error=f"{step}: {error}")
