"""Closed loops: as many events as are taken, by relay and by what it is held against."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from bench.child import Child, Failed
from bench.row import Round
from bench.stand import Posted, Stand

T = TypeVar("T")


def interleaved(
    count: int, measures: Mapping[str, Callable[[], T]], step: Callable[[str], None]
) -> dict[str, list[T]]:
    """`count` rounds of all `measures` in turn, so that what slows the machine slows each of them."""
    results: dict[str, list[T]] = {name: [] for name in measures}
    for number in range(1, count + 1):
        for name, measure in measures.items():
            step(f"round {number} of {count}: {name}")
            results[name].append(measure())
    return results


def handler_ingest(stand: Stand) -> Round:
    """Events a second that the bare handler answers."""
    with stand.baseline("handler") as (child, port):
        return _ingest(stand, child, port)


def relay_ingest(stand: Stand, store: Path | None = None) -> Round:
    """Events a second that relay answers while its target is paused."""
    with stand.relay(store) as daemon:
        daemon.pause()
        return _ingest(stand, daemon, daemon.port)


def _ingest(stand: Stand, child: Child, port: int) -> Round:
    before = child.cpu()
    posted = stand.post(port)
    return Round(
        rate=posted.rate,
        cpu_us=_each(child.cpu() - before, posted.accepted),
        busy=posted.busy,
        ingest=posted.rate,
        remark=_refusals(posted),
    )


def proxy_forward(stand: Stand) -> Round:
    """Events a second from the bare proxy's door to the sink."""
    with stand.baseline("proxy") as (child, port):
        return _forward(stand, child, port)


def relay_forward(stand: Stand, store: Path | None = None) -> Round:
    """Events a second from relay's door to the sink, until the last of them is there."""
    with stand.relay(store) as daemon:
        forwarded = _forward(stand, daemon, daemon.port)
        daemon.audit()
        return forwarded


def _forward(stand: Stand, child: Child, port: int) -> Round:
    stand.forget()
    before = child.cpu()
    posted = stand.post(port)
    stand.arrived(posted.accepted)
    cpu = child.cpu() - before
    report = stand.report()
    during = stand.report(until=posted.ended)
    again = report["requests"] - report["events"]
    return Round(
        rate=report["events"] / (report["last"] - posted.began),
        cpu_us=_each(cpu, report["events"]),
        busy=posted.busy,
        burst=during["events"] / posted.seconds,
        ingest=posted.rate,
        remark="; ".join(filter(None, [_refusals(posted), f"{again} delivered again" if again else ""])),
    )


def _each(seconds: float, events: int) -> float:
    if not events:
        raise Failed("not one event was accepted")
    return seconds * 1e6 / events


def _refusals(posted: Posted) -> str:
    refused = {status: count for status, count in posted.statuses.items() if status != "200"}
    parts = [f"{count} answers were {status}" for status, count in refused.items()]
    if posted.lost_connections:
        parts.append(f"{posted.lost_connections} connections lost")
    return ", ".join(parts)
