"""What comes of asking for an enrichment: the question put, the answer judged and read. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from relay.deliver.enrich.enrichment import Enrichment
from relay.expression.errors import ExpressionError
from relay.expression.frame import BUDGET
from relay.http.ask import Answered, Fail, Ok, Restart, Unchanged, Wait
from relay.http.document import read_document, written
from relay.http.question import Question
from relay.http.response import Response
from relay.seen import Seen
from relay.store.progress import Json
from relay.template import Unfit

MOST: Final = 1 << 20
"""Bytes of JSON that are put at most: they are kept with the event."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer, or what `data` takes of it; and the same as it is kept."""

    value: Any = field(repr=False)
    text: Json = field(default="null", repr=False)
    kept: bool = False
    """The store has it already."""


@dataclass(frozen=True, slots=True)
class Missing:
    """404: there is none, or none yet."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was asked, or it is known to give no answers: another time it may go well."""

    why: str


@dataclass(frozen=True, slots=True)
class Hopeless:
    """It cannot even be asked for this event, and never will: an expression fails."""

    why: str


@dataclass(frozen=True, slots=True)
class NoTurn:
    """It was not asked: others come first, or its api is to be left alone. `until`: microseconds."""

    why: str
    until: int = 0


Result: TypeAlias = Found | Missing | Failed | Hopeless | NoTurn
"""No `why` holds a secret, nor anything of an answer's body."""


def is_wanted(enrichment: Enrichment, seen: Seen, budget: int = BUDGET) -> bool | Hopeless:
    """Whether it is asked for an event. Raises an ExpressionError where more of a budget may do."""
    if enrichment.on is None:
        return True
    try:
        return enrichment.on.holds(seen, budget)
    except ExpressionError as error:
        if error.exhausted and budget < BUDGET:
            raise
        return Hopeless(f"on: {error}")


def question(enrichment: Enrichment, seen: Seen) -> Question | Hopeless:
    """What is asked for an event."""
    try:
        return enrichment.request.render(seen)
    except (ExpressionError, Unfit) as error:
        return Hopeless(f"its request: {error}")


def judge(answered: Answered) -> Response | Missing | Failed | NoTurn:
    """Whether there is something to be read."""
    match answered:
        case Ok(response):
            return response
        case Wait(until, why):
            return NoTurn(why, until)
        case Unchanged(response):
            return Failed(f"answered {response.status}")
        case Restart(why):
            return Failed(why)
        case Fail(why, response) if response is not None and response.status == 404:
            return Missing(why)
    return Failed(answered.why)


def read(enrichment: Enrichment, seen: Seen, response: Response) -> Found | Failed:
    """What is put, out of an answer."""
    kind = response.headers.get("content-type", "")
    try:
        document = read_document(response.body, enrichment.config.format, kind)
        value = enrichment.data.json(_Variables(seen, document.body, response))
        text = written(value)
    except Unfit as error:
        return Failed(str(error))
    except ExpressionError as error:
        return Failed(f"data: {error}")
    if len(text) > MOST:
        return Failed(f"what is put is longer than {MOST >> 20} MiB")
    return Found(value, text.decode())


def reread(text: Json) -> Found:
    """What was kept."""
    return Found(read_document(text.encode(), "json").body, text, kept=True)


class _Variables(dict[str, Any]):
    """The answer, beside the event's own parts, which are made when they are asked for."""

    def __init__(self, seen: Seen, body: Any, response: Response) -> None:
        super().__init__(body=body, headers=dict(response.headers), status=response.status)
        self._seen = seen

    def __missing__(self, name: str) -> Any:
        return self._seen[name]
