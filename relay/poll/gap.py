"""When a webhook source is asked what was missed, and from when on: pure. Microseconds by our own clock.

A gap opens at the last webhook before a silence, or before a start. Each complete fill moves that point on,
and only one that reaches the moment by which webhooks came again closes it: what was lost between the last
fill of a silence and its end is filled, too. A webhook lost alone leaves no silence behind it: audits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from relay.clock import micros
from relay.config.poll import GapConfig, PollConfig
from relay.poll.cursor import Missed, Span, expired, reach
from relay.poll.state import PartState


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the webhook side."""

    last: int | None
    """When the last webhook was accepted."""
    silence: float | None
    """Seconds after which it is silent: the poll's own, else the source's `expect_every`."""
    started: int
    """When the daemon started."""
    floor: int | None = None
    """Webhooks of before are remembered by name no more: a fill that reads further back would double them."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One pass that is to ask what was missed."""

    since: int | None
    """From here; None: from the beginning of all."""
    audit: bool = False
    fresh: bool = False
    """`start` says from when on, for there never was a webhook nor an audit."""


def look(config: PollConfig, state: PartState, source: Source, now: int) -> PartState:
    """The state after a look at the webhook side: where a gap opens, and when webhooks came again.

    What changed is to be remembered at once: the webhooks that come next are not what was before.
    """
    gap = config.gap or GapConfig()
    state = state if state.began is not None else replace(state, began=now)
    silent = _silent(state, source, now)
    if gap.on_start and state.started != source.started:
        state = replace(_open(config, state, source), resumed=source.started, started=source.started)
    if silent:
        return replace(_open(config, state, source), resumed=None)
    if state.point is not None and state.resumed is None:
        return replace(state, resumed=now)
    return state


def _silent(state: PartState, source: Source, now: int) -> bool:
    since = source.last if source.last is not None else state.began
    return source.silence is not None and since is not None and now - since >= micros(source.silence)


def _open(config: PollConfig, state: PartState, source: Source) -> PartState:
    """An open point stands, whatever arrives meanwhile."""
    if state.point is not None:
        return state
    if source.last is not None:
        return replace(state, point=source.last)
    return replace(state, point=state.audited if state.audited is not None else _start(config, state) or 0)


def _start(config: PollConfig, state: PartState) -> int | None:
    """Where `start` counts from; None: the beginning of all."""
    start, began = config.start, state.began or 0
    if start.at is not None:
        return start.at
    return None if start.ago is None else began - micros(start.ago)


def wanted(config: PollConfig, state: PartState, source: Source, now: int) -> Fill | None:
    """The fill that is to be made now; None: the poll sleeps."""
    gap = config.gap or GapConfig()
    fresh = source.last is None and state.audited is None
    if _audit_due(gap, state, now):
        since = state.audited if state.audited is not None else _floored(_start(config, state), source)
        if since is None or state.point is None or since <= state.point:
            return Fill(since, audit=True, fresh=state.audited is None)
        return Fill(state.point, audit=True)
    return None if state.point is None else Fill(state.point, fresh=fresh)


def _floored(since: int | None, source: Source | None) -> int | None:
    if source is None or source.last is None or source.floor is None:
        return since
    return source.floor if since is None else max(since, source.floor)


def _audit_due(gap: GapConfig, state: PartState, now: int) -> bool:
    if gap.audit is None or state.began is None:
        return False
    last = state.audited if state.audited is not None else state.began
    return now - last >= micros(gap.audit)


def command(config: PollConfig, state: PartState, source: Source | None = None) -> Fill:
    """The fill of `relay poll run`: as an audit."""
    since = state.audited if state.audited is not None else _floored(_start(config, state), source)
    return Fill(since, audit=True, fresh=state.audited is None)


def look_at(config: PollConfig, state: PartState, source: Source, now: int) -> int | None:
    """When to look again, if no webhook comes before; None: only then."""
    if state.point is not None:
        return max(now, state.due)
    return min(_moments(config.gap or GapConfig(), state, source), default=None)


def _moments(gap: GapConfig, state: PartState, source: Source) -> Iterator[int]:
    if source.silence is not None and (since := source.last or state.began) is not None:
        yield since + micros(source.silence)
    if gap.audit is not None and (since := state.audited or state.began) is not None:
        yield since + micros(gap.audit)


def fill_span(config: PollConfig, state: PartState, fill: Fill, now: int) -> tuple[Span, Missed | None]:
    """What a fill reads, by the server's clock (`now` too), and what of it is kept no more."""
    if fill.since is None:
        return reach(config, Span(now, None, now)), None
    point = fill.since + state.skew
    since = point - micros(config.overlap)
    first = fill.fresh and state.complete is None
    if fill.fresh:
        # as far as `start` goes: behind it what came late is read again, as ever
        since = max(since, point if first else _start(config, state) or 0)
    if config.retention is not None:
        since = max(since, now - micros(config.retention))
    # items that do not say when they happened were there before relay was, at the first pass of all
    mark = since if first and config.start.mark else None
    span = Span(now, since, now, floor=since, mark=mark, strict=True)
    return reach(config, span), None if first else expired(config, point, now)


def filled(state: PartState, fill: Fill, until: int) -> PartState:
    """The state after a complete fill that read up to `until`, by our own clock."""
    if fill.audit:
        state = replace(state, audited=max(until, state.audited or 0))
    if state.point is None or (fill.since is not None and fill.since > state.point):
        return state
    if state.resumed is not None and until >= state.resumed:
        # the next gap is filled at once, however slow this one had become
        return replace(state, point=None, resumed=None, due=0, interval=0.0)
    return replace(state, point=max(state.point, until))
