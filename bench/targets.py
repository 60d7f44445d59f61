"""One bad target of fifty: what the others feel of it, and what it holds and spends while it is held back."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from statistics import median
from typing import Any, Final

from bench.child import Child, Failed
from bench.daemon import SOURCE, Daemon
from bench.message import ID_HEADER
from bench.rounds import interleaved
from bench.row import Row
from bench.stand import Posted, Stand

TARGETS: Final = 50
RATE: Final = 400.0
"""Events a second, to each target in turn, where they come steadily."""
BAD: Final = "t00"
TIMEOUT: Final = 0.5
"""Seconds of an attempt at most."""
WELL: Final = "all are well"
LONG: Final = 3_600
ENDED_WITHIN: Final = 10.0
LOOK: Final = 0.05


@dataclass(frozen=True, slots=True)
class Ill:
    """A way to be bad: what the bad target's own process is told, or what is said of it in the file."""

    order: dict[str, Any] | None = None
    lines: str = ""

    @property
    def limited(self) -> bool:
        """It is held back by the file, and is never down."""
        return bool(self.lines)


ILLS: Final = {
    "hangs": Ill({"do": "slow", "seconds": LONG}),
    "refuses": Ill({"do": "down", "seconds": LONG}),
    "answers 500": Ill({"do": "say", "status": 500}),
    "may get 1/s": Ill(lines='rate = "1/s"\n'),
}


@dataclass(frozen=True, slots=True)
class Held:
    """What the bad target had of relay while it was held back, by relay's own record."""

    slots: int
    """Attempts under way at the same time, at most."""
    spent: int
    """Steps of the schedule, or attempts that brought nothing."""
    remark: str


@dataclass(frozen=True, slots=True)
class Felt:
    """What came to the other targets in one timed phase, and what the bad one had."""

    rate: float
    """Deliveries a second, until the last of them."""
    p99: float
    """Milliseconds from post to delivery."""
    cpu_us: float
    """Microseconds of CPU that relay used, for each delivery to the others."""
    held: Held | None


def targets(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """The rate and p99 of 49 targets with a bad one beside them, against all fifty being well."""
    rows = []
    for steady, names in ((True, stand.settings.ills), (False, stand.settings.ills_at_most)):
        ills = {name: ILLS[name] for name in names}
        measures = {name: partial(_phase, stand, ill, steady=steady) for name, ill in ills.items()}
        if measures:
            measures = {WELL: partial(_phase, stand, None, steady=steady)} | measures
            found = interleaved(stand.settings.rounds, measures, step)
            well = found.pop(WELL)
            of = _of_steady if steady else _of_most
            rows += [row for name, bad in found.items() for row in of(name, bad, well)]
    return rows


def _phase(stand: Stand, ill: Ill | None, *, steady: bool) -> Felt:
    settings = stand.settings
    stand.forget()
    with (
        _bad_one(stand, ill) as port,
        stand.relay(tables=tables(stand.sink_port, port, ill.lines if ill else "")) as daemon,
    ):
        before = daemon.cpu()
        posted = stand.post(daemon.port, settings.shared, RATE if steady else None)
        others = _others(posted)
        stand.arrived(others)
        cpu, report = daemon.cpu() - before, stand.report()
        held = None if ill is None or not steady else _held(daemon, ill)
        daemon.audit()
    return Felt(
        rate=report["events"] / (report["last"] - posted.began),
        p99=report["latency"]["p99_ms"],
        cpu_us=cpu * 1e6 / others,
        held=held,
    )


@contextmanager
def _bad_one(stand: Stand, ill: Ill | None) -> Iterator[int]:
    """The port of the bad target, a process of its own."""
    with Child(("-m", "bench.sink"), stand.folder / "bad.err") as child:
        port: int = child.said()["port"]
        if ill is not None and ill.order is not None:
            child.tell(ill.order)
            child.said()
        yield port


def _others(posted: Posted) -> int:
    """How many of the posts were not the bad target's."""
    if posted.accepted < posted.requests:
        raise Failed(f"{posted.accepted} of {posted.requests} posts were answered 200")
    return posted.accepted - len(range(0, posted.accepted, TARGETS))


def tables(port: int, bad_port: int, bad_lines: str) -> str:
    """Fifty targets, and a route to each, which takes its events by the end of their ids."""
    parts = []
    for number in range(TARGETS):
        name = f"t{number:02d}"
        ends = [f'headers["{ID_HEADER.lower()}"].endsWith("{end:02d}")' for end in (number, number + TARGETS)]
        parts.append(
            f'[target.{name}]\nurl = "http://127.0.0.1:{bad_port if name == BAD else port}/{name}"\n'
            f'timeout = "{TIMEOUT * 1000:.0f}ms"\n{bad_lines if name == BAD else ""}'
            f'[route.{name}]\nfrom = ["{SOURCE}"]\nwhen = \'{" || ".join(ends)}\'\nto = ["{name}"]\n'
        )
    return "".join(parts)


# what the bad one had


def _held(daemon: Daemon, ill: Ill) -> Held:
    """By the API, and for the steps by the log, which tells each."""
    daemon.pause(BAD)
    _await_end(daemon)
    events = daemon.api("GET", f"events?target={BAD}&limit=1000")["events"]
    shown = [daemon.api("GET", f"events/{event['id']}") for event in events]
    deliveries = [one for event in shown for one in event["deliveries"] if one["target"] == BAD]
    attempts = [attempt for one in deliveries for attempt in one["history"]]
    if ill.limited:
        taken = sum(one["state"] == "delivered" for one in deliveries)
        remark = f"{taken} of {len(deliveries)} were delivered, each at its first attempt"
        return Held(at_once(attempts), len(attempts) - taken, remark)
    down, steps = _fall(daemon)
    since = [attempt for attempt in attempts if _seconds(attempt["at"]) >= down]
    before = len(attempts) - len(since)
    remark = f"{before} attempts took it down, {len(since)} probes since; {len(deliveries)} deliveries waited"
    return Held(at_once(since), steps, remark)


def _fall(daemon: Daemon) -> tuple[float, int]:
    """When the bad target was found to be down, and how many steps its deliveries have spent since."""
    told = [
        (line["event"], _seconds(line["timestamp"])) for line in daemon.told() if line.get("target") == BAD
    ]
    down = next((at for event, at in told if event == "target.down"), None)
    if down is None:
        raise Failed("the bad target was never down")
    return down, sum(event == "delivery.failed" and at >= down for event, at in told)


def _await_end(daemon: Daemon) -> None:
    """Return when no attempt at the bad target is under way, which is paused."""
    deadline = time.monotonic() + ENDED_WITHIN
    time.sleep(TIMEOUT)
    while _target(daemon)["breaker"] == "half-open":
        if time.monotonic() > deadline:
            raise Failed(f"an attempt lasts longer than {ENDED_WITHIN:.0f} s")
        time.sleep(LOOK)


def _target(daemon: Daemon) -> dict[str, Any]:
    shown: list[dict[str, Any]] = daemon.api("GET", "targets")["targets"]
    return next(one for one in shown if one["name"] == BAD)


def at_once(attempts: Sequence[dict[str, Any]]) -> int:
    """How many of `attempts` were under way at the same moment, at most."""
    began = [(_seconds(attempt["at"]), 1) for attempt in attempts]
    ended = [(at + attempt["seconds"], -1) for (at, _), attempt in zip(began, attempts, strict=True)]
    most = running = 0
    for _, change in sorted(began + ended):
        running += change
        most = max(most, running)
    return most


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


# the rows


def _of_steady(name: str, bad: list[Felt], well: list[Felt]) -> list[Row]:
    held = [one.held for one in bad if one.held is not None]
    slots = f"slots held by the one that {name}, while held back"
    steps = f"steps spent by the one that {name}, while held back"
    p99 = _row(f"their p99 from post to delivery, one {name}", "ms", bad, well, lambda one: one.p99)
    return [
        replace(_rate(f"{TARGETS - 1} of {TARGETS} targets, one {name}", bad, well), least=0.95),
        replace(p99, most=2.0),
        Row(slots, "", max(one.slots for one in held), below=2),
        Row(steps, "", max(one.spent for one in held), below=1, remark=held[-1].remark),
    ]


def _of_most(name: str, bad: list[Felt], well: list[Felt]) -> list[Row]:
    what = f"{TARGETS - 1} of {TARGETS} targets, as many as are taken, one {name}"
    return [replace(_rate(what, bad, well), least=0.95)]


def _rate(what: str, bad: list[Felt], well: list[Felt]) -> Row:
    row = _row(what, "/s", bad, well, lambda one: one.rate)
    mine, theirs = (median(one.cpu_us for one in some) for some in (bad, well))
    return replace(row, cpu_us=mine, baseline_cpu_us=theirs)


def _row(what: str, unit: str, bad: list[Felt], well: list[Felt], figure: Callable[[Felt], float]) -> Row:
    mine, theirs = list(map(figure, bad)), list(map(figure, well))
    ratio = median(a / b for a, b in zip(mine, theirs, strict=True))
    return Row(what, unit, median(mine), WELL, median(theirs), ratio)
