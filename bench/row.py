"""One line of the table: a figure, what it is held against, and whether that is enough."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """One timed phase of one server."""

    rate: float
    """Events a second."""
    cpu_us: float
    """Microseconds of CPU the server used for each event."""
    busy: bool = False
    """The load generator may have been the limit: no ratio is made of this."""
    burst: float = 0.0
    """Events a second that arrived while they were still being posted."""
    ingest: float = 0.0
    """Events a second that were acknowledged."""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`least`: what the ratio must be at least; `most`, `below`: what it, or the figure, must stay below."""

    what: str
    unit: str
    figure: float | None = None
    against: str = ""
    baseline: float | None = None
    ratio: float | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None
    cpu_us: float | None = None
    baseline_cpu_us: float | None = None
    remark: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether it is as wanted; None where nothing was wanted or nothing could be said."""
        if self.least is not None and self.ratio is not None:
            return self.ratio >= self.least
        if self.most is not None and self.ratio is not None:
            return self.ratio < self.most
        if self.below is not None and self.figure is not None:
            return self.figure < self.below
        return None

    @property
    def judged(self) -> bool:
        """Whether something was wanted at all."""
        return any(wanted is not None for wanted in (self.least, self.most, self.below))

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}


def rate(round_: Round) -> float:
    return round_.rate


def compared(
    what: str,
    against: str,
    mine: Sequence[Round],
    theirs: Sequence[Round],
    least: float,
    figure: Callable[[Round], float] = rate,
) -> Row:
    """The medians, and the median of the rounds' own ratios, so that a slow minute weighs on both alike."""
    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if not (a.busy or b.busy)]
    ratios = [figure(a) / b.rate for a, b in pairs if b.rate]
    remarks = [round_.remark for round_ in (*mine, *theirs) if round_.remark]
    if left := len(mine) - len(pairs):
        remarks.append(f"no ratio of {left} of {len(mine)} rounds: the load generator was the limit")
    return Row(
        what=what,
        unit="/s",
        figure=median(map(figure, mine)),
        against=against,
        baseline=median(map(rate, theirs)),
        ratio=median(ratios) if ratios else None,
        least=least,
        cpu_us=median(round_.cpu_us for round_ in mine),
        baseline_cpu_us=median(round_.cpu_us for round_ in theirs),
        remark="; ".join(dict.fromkeys(remarks)),
    )
