"""Trying a table on one answer, without asking anybody: what each item would become, and what fails on it.

Nothing is known before it: every item that is kept is news, whatever `start`, `lag` and the cursor would say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.http.question import Question
from relay.http.response import Response
from relay.http.verdict import Verdict, judge
from relay.poll.cursor import Span, begin, span
from relay.poll.definition import Detail, Listing, Part, Poll
from relay.poll.gathered import Gathered
from relay.poll.item import Listed, Payload, Poison, Scope, list_item, payload
from relay.poll.page import Page, next_request, read_page
from relay.poll.state import PartState
from relay.poll.watch import WatchDefinition
from relay.seen import timestamp
from relay.template import Unfit

EVENT: Final = "event"
LEFT_OUT: Final = "left out"
"""`keep` does not hold."""
KNOWN: Final = "known"
"""An item before it has the same id, and says nothing new."""
NOT_ASKED: Final = "not asked for"
"""Its id is none of the keys."""
UNUSABLE: Final = "unusable"
Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one item."""

    n: int
    """Which one of the list, from 1 on."""
    outcome: str
    """EVENT, LEFT_OUT, KNOWN, NOT_ASKED or UNUSABLE."""
    key: str | None = None
    type: str | None = None
    time: int | None = None
    body: bytes = field(default=b"", repr=False)
    """Empty where `detail` asks for it."""
    error: str = ""
    """Which expression fails on it, and why."""
    detail: Question | None = None
    """What would be asked for its body."""
    over: str = ""
    """Of a watch: `until` or `fail`, whichever ends it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What an answer would make."""

    items: tuple[Tried, ...] = ()
    request: Question | None = None
    """What would be asked first."""
    next: Question | None = None
    """What would be asked behind this answer; None: it is the last page, or a fault says why not."""
    faults: tuple[str, ...] = ()
    """What is wrong with the request or the answer as a whole."""

    @property
    def sound(self) -> bool:
        """Whether nothing fails, neither as a whole nor on an item."""
        return not self.faults and all(not one.error for one in self.items)


def try_poll(poll: Poll, part: Part, response: Response, check: Program | None, now: int) -> Trial:
    """One part of a poll, on the answer to its first request. `check`: the api's, unless the poll has one."""
    read = span(poll.config, begin(PartState(), now), now, first=True)
    variables = {
        "each": dict(part.each),
        "since": timestamp(read.since),
        "until": timestamp(read.until),
        "now": timestamp(now),
        "cursor": None,
    }
    taker = _Poll(poll, Gathered(poll.config, Span(now, None, now), now))
    return _tried(poll, response, poll.check or check, variables, taker.take)


def try_watch(
    watch: WatchDefinition,
    keys: Sequence[str],
    event: Mapping[str, Any],
    response: Response,
    check: Program | None,
    now: int,
) -> Trial:
    """A watch, on the answer to what it asks for `keys`. `event`: what had begun it."""
    variables = {"keys": list(keys), "event": event, "started": timestamp(now), "now": timestamp(now)}
    return _tried(watch, response, watch.check or check, variables, _Watch(watch, frozenset(keys)).take)


def _tried(
    listing: Listing,
    response: Response,
    check: Program | None,
    variables: Variables,
    take: Callable[[int, Scope], Tried],
) -> Trial:
    faults = []
    request = None
    try:
        request = listing.request.render(variables)
    except (Unfit, ExpressionError) as error:
        faults.append(f"no request: {error}")
    verdict, why = judge(response, check)
    if verdict is not Verdict.OK:
        faults.append(f"it counts as {verdict.value!r} ({why}): no item of it would be read")
    try:
        page = read_page(listing.reading, response, variables, 1)
    except Unfit as error:
        return Trial((), request, None, (*faults, str(error)))
    items = tuple(take(n, scope) for n, scope in enumerate(page.scopes(), 1))
    if items and all(one.error for one in items):
        faults.append(f"none of its {len(items)} items can be used: the pass would fail")
    return _followed(listing, page, Trial(items, request, None, tuple(faults)))


def _followed(listing: Listing, page: Page, trial: Trial) -> Trial:
    """With the request of the next page. A link stays as it was written."""
    if trial.request is None:
        return trial
    try:
        return replace(trial, next=next_request(listing.reading, page, trial.request, ""))
    except Unfit as error:
        return replace(trial, faults=(*trial.faults, str(error)))


@dataclass(frozen=True, slots=True)
class _Poll:
    """Takes the items of a poll."""

    poll: Poll
    got: Gathered

    def take(self, n: int, scope: Scope) -> Tried:
        reading, detail = self.poll.reading, self.poll.detail
        found = list_item(reading, scope)
        if not isinstance(found, Listed):
            return _none(n, found)
        item = self.got.judge(found, {})
        if item is None:
            return Tried(n, KNOWN, found.id, time=found.time)
        made = payload(reading, found, detailed=detail is not None)
        if isinstance(made, Poison):
            return _none(n, made)
        self.got.items[found.id] = item
        key = found.id if item.digest is None else f"{item.id}#{item.n}"
        event = _event(n, key, found, made)
        return event if detail is None else _detailed(event, detail, scope)


def _detailed(event: Tried, detail: Detail, scope: Scope) -> Tried:
    try:
        return replace(event, detail=detail.request.render(scope.plain))
    except (Unfit, ExpressionError) as error:
        return replace(event, outcome=UNUSABLE, error=f"detail: {error}")


@dataclass(slots=True)
class _Watch:
    """Takes the items of a watch's answer, each as the first that is ever said of its thing."""

    watch: WatchDefinition
    keys: frozenset[str]
    said: dict[str, list[bytes | None]] = field(default_factory=dict[str, list[bytes | None]])

    def take(self, n: int, scope: Scope) -> Tried:
        found = list_item(self.watch.reading, scope)
        if not isinstance(found, Listed):
            return _none(n, found)
        if self.keys and found.id not in self.keys:
            return Tried(n, NOT_ASKED, found.id, time=found.time)
        over, error = self._over(scope)
        said = self.said.setdefault(found.id, [])
        last = bool(over) or not self.watch.ends
        if found.digest in said or (found.digest is None and not last):
            return Tried(n, KNOWN, found.id, time=found.time, over=over, error=error)
        made = payload(self.watch.reading, found)
        if isinstance(made, Poison):
            return _none(n, made)
        said.append(found.digest)
        key = found.id if found.digest is None else f"{found.id}#{len(said)}"
        return replace(_event(n, key, found, made), over=over, error=error)

    def _over(self, scope: Scope) -> tuple[str, str]:
        """Which of `fail` and `until` holds, and which of them fails."""
        trouble = ""
        for word, program in (("fail", self.watch.fail), ("until", self.watch.until)):
            try:
                if program is not None and program.holds(scope.plain):
                    return word, trouble
            except ExpressionError as error:
                trouble = f"{word}: {error}"
        return "", trouble


def _none(n: int, found: Poison | None) -> Tried:
    return Tried(n, LEFT_OUT) if found is None else Tried(n, UNUSABLE, error=found.error)


def _event(n: int, key: str, found: Listed, made: Payload) -> Tried:
    return Tried(n, EVENT, key, made.type, found.time, made.body)


def shown(request: Question | None) -> str | None:
    """A request in one line: what comes behind the api's url, or a link as it was written."""
    if request is None:
        return None
    query = "&".join(f"{name}={value}" for name, value in request.query)
    return f"{request.method} {request.url}{'?' if query else ''}{query}"
