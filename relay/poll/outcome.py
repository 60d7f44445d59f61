"""What follows from a pass: the state of its part afterwards. Pure; microseconds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from relay.config.poll import PollConfig
from relay.http.response import Response
from relay.poll.cursor import Span, moved
from relay.poll.gap import Fill, filled
from relay.poll.interval import due_at, interval, told_by
from relay.poll.state import PartState, Validators


@dataclass(frozen=True, slots=True)
class Ending:
    """How a pass ended."""

    now: int
    """By our own clock."""
    skew: int
    """The server's clock less our own, by its last answer."""
    error: str = ""
    """Empty: it read all of its range."""
    until: int | None = None
    """Before then the api wants no other pass."""
    read: bool = True
    """Any page was read."""
    unchanged: bool = False
    listed: bool = True
    """All that may be listed again was listed: no page that was left out holds what a later pass may read."""
    first: Response | None = field(default=None, repr=False)
    """The answer that held page 1."""
    validators: Validators | None = None
    """Of page 1, where it alone tells whether the list has changed."""
    found: int = 0
    news: bool = False
    times: tuple[int, ...] = field(default=(), repr=False)


def after(
    config: PollConfig,
    state: PartState,
    span: Span,
    fill: Fill | None,
    ending: Ending,
    spread: Callable[[], float],
) -> PartState:
    """The state that is committed with the last events of the pass. `state` is that at its beginning."""
    known = replace(state, skew=ending.skew, passed=ending.now)
    if ending.error:
        return _failed(config, known, ending, spread)
    shift = ending.skew - state.skew
    whole = replace(
        known,
        cursor=_cursor(config, known, span, ending, shift),
        complete=span.now + shift,
        incomplete=False,
        error="",
        failures=0,
    )
    if not ending.unchanged:
        whole = replace(
            whole,
            listed=span.now + shift if ending.listed else state.listed,
            count=ending.found,
            validators=_validators(config, ending),
        )
    whole = _scheduled(config, whole, span, ending, spread)
    # by our own clock
    return whole if fill is None else filled(whole, fill, span.until - state.skew)


def _failed(config: PollConfig, state: PartState, ending: Ending, spread: Callable[[], float]) -> PartState:
    """The cursor stays; where nothing was read at all, so does what is known of the list."""
    seconds = interval(config, state.interval, news=ending.news)
    return replace(
        state,
        incomplete=state.incomplete or ending.read,
        error=ending.error,
        failures=state.failures + 1,
        interval=seconds,
        due=due_at(ending.now, seconds, _told(config, ending), spread),
    )


def _cursor(config: PollConfig, state: PartState, span: Span, ending: Ending, shift: int) -> int | None:
    """By the clock of the server, which may be known only since its answer."""
    known = replace(span, now=span.now + min(shift, 0))
    return moved(config, state, known, ending.times)


def _validators(config: PollConfig, ending: Ending) -> Validators | None:
    """None where a 304 would hide what this pass left for later."""
    return None if config.lag or config.gap is not None else ending.validators


def _scheduled(
    config: PollConfig, state: PartState, span: Span, ending: Ending, spread: Callable[[], float]
) -> PartState:
    """When the next pass is due: at once, where the window left more to be read."""
    seconds = interval(config, state.interval, news=ending.news or span.cut)
    told = _told(config, ending)
    due = max(ending.now, told or 0) if span.cut else due_at(ending.now, seconds, told, spread)
    return replace(state, interval=seconds, due=due)


def _told(config: PollConfig, ending: Ending) -> int | None:
    feed = config.format == "feed"
    told = None if ending.first is None else told_by(ending.first, ending.now, feed=feed)
    return max((moment for moment in (told, ending.until) if moment is not None), default=None)


def shifted(state: PartState, skew: int) -> PartState:
    """The state of a first try, its beginning by the server's clock, which is known only since its answer."""
    return replace(state, began=None if state.began is None else state.began + skew - state.skew)
