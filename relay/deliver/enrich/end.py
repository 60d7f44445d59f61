"""What an enrichment's answer, or the lack of one, means for a delivery. Pure; times in microseconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from relay.clock import micros
from relay.deliver.enrich.answer import Failed, Found, Hopeless, Missing
from relay.deliver.enrich.enrichment import Enrichment
from relay.deliver.shape import REASON
from relay.delivery import Dead, Delivery, Outcome, Skipped


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was needed: the values of the variables that enrichments put."""

    puts: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotYet:
    """There is no answer yet."""

    why: str
    until: int | None = None
    """When to come back: it was not asked, and no step is spent. None: by the delivery's own schedule."""
    by: int | None = None
    """The last try comes no later than that; None: there is no such moment any more."""


@dataclass(frozen=True, slots=True)
class Put:
    """What one enrichment puts."""

    value: Any = field(repr=False)


End: TypeAlias = Put | NotYet | Outcome


@dataclass(frozen=True, slots=True)
class Asker:
    """The delivery in whose name it is asked, and how long it may wait."""

    delivery: Delivery
    came: int
    """When it was taken up."""
    age: int
    """Of the delivery then, in its target's own time."""
    last: bool
    """Its schedule is used up: what fails now is not tried again."""

    @property
    def replayed(self) -> int | None:
        """When, about; None: it was not. Such a one asks anew, for what was answered before is forgotten."""
        return self.came - self.age if self.delivery.replays else None

    def by(self, enrichment: Enrichment) -> int:
        """When it is given up."""
        return self.came - self.age + micros(enrichment.config.within)


def end(enrichment: Enrichment, asker: Asker, result: Found | Missing | Failed | Hopeless, now: int) -> End:
    """What becomes of the delivery, as far as this enrichment is concerned."""
    by = asker.by(enrichment)
    match result:
        case Found(value):
            return Put(value)
        case Missing() if enrichment.config.missing == "skip":
            return Skipped(told(enrichment, "there is none (404)"))
        case Missing(why) | Failed(why) if now < by and not asker.last:
            return NotYet(told(enrichment, why), None, by)
        case Missing(why) | Failed(why) | Hopeless(why):
            return given_up(enrichment, why)


def given_up(enrichment: Enrichment, why: str) -> End:
    """As `on_fail` says."""
    return Put(None) if enrichment.config.on_fail == "send" else Dead(told(enrichment, why))


def told(enrichment: Enrichment, why: str) -> str:
    """For people: of whom it is said."""
    return f"enrich {enrichment.name}: {why}"[:REASON]


def together(ends: Iterable[tuple[Enrichment, End]]) -> Answers | NotYet | Outcome:
    """What becomes of a delivery that needs all of these: where one says that it is over, it is."""
    puts: dict[str, Any] = {}
    waits: list[NotYet] = []
    over: Outcome | None = None
    for enrichment, found in ends:
        match found:
            case Put(value):
                puts[enrichment.put] = value
            case NotYet():
                waits.append(found)
            case _:
                over = over or found
    return over or (_wait(waits) if waits else Answers(puts))


def _wait(waits: list[NotYet]) -> NotYet:
    """A step is spent if any of them was asked; where none was, the last of them says when to come back."""
    by = min((each.by for each in waits if each.by is not None), default=None)
    asked = [each for each in waits if each.until is None]
    if asked:
        return NotYet(asked[0].why, None, by)
    latest = max(waits, key=lambda each: each.until or 0)
    return NotYet(latest.why, latest.until, by)
