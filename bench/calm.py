"""Open loops: what one event feels at a steady rate, and after the target was away for a while."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.child import Failed
from bench.row import Row
from bench.stand import Stand

BEFORE: Final = 5.0
"""Seconds of events before the target goes down."""
AFTER: Final = 10.0
"""Seconds of events after it is back."""


@dataclass(frozen=True, slots=True)
class Calm:
    """Milliseconds, at a steady rate. `arrived` counts from the post to the sink, where there is one."""

    p50: float
    p99: float
    arrived: float = 0.0


def latency(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """Acknowledgement and delivery at a steady rate; the bare handler and the bare proxy beside them."""
    handler, relay, proxy = [], [], []
    for number in range(1, stand.settings.rounds + 1):
        step(f"round {number} of {stand.settings.rounds}")
        with stand.baseline("handler") as (_, port):
            handler.append(_calm(stand, port, sink=False))
        with stand.relay() as daemon:
            relay.append(_calm(stand, daemon.port, sink=True))
        with stand.baseline("proxy") as (_, port):
            proxy.append(_calm(stand, port, sink=True))
    return _rows(stand.settings.rate, handler, relay, proxy)


def _rows(rate: float, handler: Sequence[Calm], relay: Sequence[Calm], proxy: Sequence[Calm]) -> list[Row]:
    def row(what: str, against: str, mine: Sequence[float], theirs: Sequence[float]) -> Row:
        return Row(f"{what}, {rate:.0f} events/s", "ms", median(mine), against, median(theirs))

    return [
        row("ack p50", "bare handler", [one.p50 for one in relay], [one.p50 for one in handler]),
        row("ack p99", "bare handler", [one.p99 for one in relay], [one.p99 for one in handler]),
        row(
            "post to delivery p50",
            "bare proxy",
            [one.arrived for one in relay],
            [one.arrived for one in proxy],
        ),
    ]


def _calm(stand: Stand, port: int, *, sink: bool) -> Calm:
    stand.forget()
    posted = stand.post(port, stand.settings.calm, stand.settings.rate)
    if posted.accepted < posted.requests:
        raise Failed(f"{posted.accepted} of {posted.requests} posts were answered 200")
    if not sink:
        return Calm(posted.latency["p50_ms"], posted.latency["p99_ms"])
    stand.arrived(posted.accepted)
    return Calm(posted.latency["p50_ms"], posted.latency["p99_ms"], stand.report()["latency"]["p50_ms"])


def outage(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """How long after the target is back the last event arrives that was waiting for it."""
    settings = stand.settings
    step(f"{settings.outage:.0f} s without a target")
    stand.forget()
    seconds = BEFORE + settings.outage + AFTER
    with stand.relay() as daemon, stand.posting(daemon.port, seconds, settings.rate) as load:
        stand.arrived(int(BEFORE * settings.rate))
        stand.down(settings.outage)
        posted = stand.posted(load)
        stand.arrived(posted.accepted)
        report = stand.report()
        daemon.audit()
    late = report["last_sent_before_back"] - report["back"]
    refused = posted.requests - posted.accepted
    return [
        Row(
            f"last waiting delivery after {settings.outage:.0f} s outage, {settings.rate:.0f} events/s",
            "s",
            max(0.0, late),
            below=10.0,
            remark=f"{refused} posts were not answered 200" if refused else "",
        )
    ]
