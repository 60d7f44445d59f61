"""What was measured, as a person reads it."""

from collections.abc import Sequence
from math import floor
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.row import Row
from bench.settings import Settings


def show(console: Console, machine: dict[str, Any], settings: Settings, rows: Sequence[Row]) -> None:
    """The table, the machine above it."""
    for line in about(machine, settings):
        console.print(line, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what")
    for name in ("figure", "baseline"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("of")
    for name in ("ratio", "wanted", "", "CPU µs"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.what, *cells(row))
    console.print(table)
    for row in rows:
        if row.remark:
            console.print(f"{row.what}: {row.remark}", highlight=False, soft_wrap=True)


def about(machine: dict[str, Any], settings: Settings) -> list[str]:
    """Where and how it was measured, in sentences."""
    m = machine
    return [
        f"{m['cores']} cores, {m['cpu']}, load {m['load']} before; Linux {m['kernel']}",
        f"{m['filesystem']}, {m['fsync_ms']} ms an fsync",
        ", ".join(f"{name} {m[name]}" for name in ("python", "sqlite", "uvloop", "aiohttp", "relay")),
        f"{settings.connections} connections, 1 KB bodies; medians of {settings.rounds} interleaved rounds",
        f"of {settings.seconds:g} s; a ratio is the median of the rounds' own ratios",
        "",
    ]


def cells(row: Row) -> list[str]:
    """Figure, baseline, whose, ratio (never rounded up to what was wanted), wanted, verdict, CPU."""
    cpu = [number(value) for value in (row.cpu_us, row.baseline_cpu_us) if value is not None]
    return [
        "-" if row.figure is None else f"{number(row.figure)} {row.unit}".rstrip(),
        "" if row.baseline is None else f"{number(row.baseline)} {row.unit}",
        row.against,
        "" if row.ratio is None else f"{floor(row.ratio * 100) / 100:.2f}",
        wanted(row),
        verdict(row),
        " / ".join(cpu),
    ]


def wanted(row: Row) -> str:
    if row.least is not None:
        return f"≥ {row.least:g}"
    if row.most is not None:
        return f"< {row.most:g}"
    return "" if row.below is None else f"< {row.below:g} {row.unit}".rstrip()


def verdict(row: Row) -> str:
    if not row.judged:
        return ""
    return {True: "[green]ok[/]", False: "[bold red]MISSED[/]", None: "[yellow]not said[/]"}[row.ok]


def number(value: float) -> str:
    """Three digits that mean something, or whole thousands."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
