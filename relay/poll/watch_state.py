"""What is remembered of a watched thing beside what was last said of it, and when it is asked for next: pure.

Moments in microseconds, by our own clock.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from relay.clock import micros
from relay.config.poll import WatchConfig
from relay.poll.interval import due_at, interval
from relay.poll.state import PartState
from relay.seen import timestamp
from relay.store.progress import Json, Watch

NAMES_LAST: Final = 1.25
"""Items are remembered so much longer than the names of events: else their `n` would begin anew too early."""
Spread = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a thing is asked for; a default one never was. Kept as the store's `Watch.state`."""

    interval: float = 0.0
    """Seconds that it waits since it was last asked for."""
    failures: int = 0
    """How often in a row it could not be told."""
    alone: bool = False
    """It is asked for by itself: a request with others was refused, and for a key of theirs perhaps."""


def load_pace(state: Json) -> Pace:
    """The pace of a document; what is not understood is as at the beginning."""
    try:
        told = json.loads(state)
    except ValueError:
        return Pace()
    if not isinstance(told, dict):
        return Pace()
    fresh = asdict(Pace())
    sound = {name: told[name] for name in fresh if name in told and type(told[name]) is type(fresh[name])}
    return Pace(**sound)


def moved(
    config: WatchConfig, watch: Watch, now: int, *, news: bool, told: int | None, spread: Spread
) -> Watch:
    """A thing that an answer was had for: due sooner where there was news."""
    seconds = interval(config, load_pace(watch.state).interval, news=news)
    return _at(watch, Pace(seconds), _due(watch, due_at(now, seconds, told, spread), told))


def refused(config: WatchConfig, watch: Watch, now: int, *, alone: bool, spread: Spread) -> Watch:
    """A thing that the api would not tell, and may well tell of others."""
    before = load_pace(watch.state)
    seconds = interval(config, before.interval, news=False)
    pace = Pace(seconds, before.failures + 1, before.alone or alone)
    return _at(watch, pace, _due(watch, due_at(now, seconds, None, spread), None))


def held(watch: Watch, until: int) -> Watch:
    """A thing that is not to blame for a failure: due when the watch as a whole may go on."""
    return replace(watch, due=until)


def _at(watch: Watch, pace: Pace, due: int) -> Watch:
    fresh = asdict(Pace())
    state = {name: value for name, value in asdict(pace).items() if value != fresh[name]}
    return replace(watch, due=due, state=json.dumps(state, separators=(",", ":")))


def _due(watch: Watch, due: int, told: int | None) -> int:
    """Once more at its end, but never before the api wants it."""
    return max(min(due, watch.until), told or 0)


def recalled(watch: Watch) -> dict[str, Any]:
    """The variables `event` and `started` of a watch."""
    told = json.loads(watch.about)
    event = told | {part: timestamp(told.get(part)) for part in ("time", "received")} if told else {}
    return {"event": event, "started": timestamp(watch.started)}


def answered(state: PartState, now: int, skew: int, error: str = "") -> PartState:
    """How the watch as a whole goes on after an answer, be it one that says nothing of some of its things."""
    return replace(state, skew=skew, passed=now, error=error, failures=0, interval=0.0, due=0)


def paused(
    config: WatchConfig, state: PartState, now: int, error: str, until: int | None, spread: Spread
) -> PartState:
    """How it goes on where the api does not answer: nothing of it is asked for until `due`."""
    seconds = interval(config, state.interval, news=False)
    due = due_at(now, seconds, until, spread)
    failures = state.failures + 1
    return replace(state, passed=now, error=error, failures=failures, interval=seconds, due=due)


def forget_before(config: WatchConfig, names: float, now: int) -> int:
    """What was last said before this may be forgotten: nothing of that age is watched any more.

    `names`: seconds for which the names of events are remembered.
    """
    return now - micros(max(names * NAMES_LAST, config.within + 2 * config.idle))
