"""`python -m bench`: how fast relay is, in ratios to what is measured beside it in the same run."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import calm, start, throughput
from bench.child import Failed
from bench.expressions import expressions
from bench.machine import machine, real_disk
from bench.polls import polls
from bench.row import Row
from bench.settings import NAMES, Settings, quick
from bench.stand import Stand
from bench.table import show
from bench.targets import targets
from bench.verify import verification

Step = Callable[[str], None]
Measurement = Callable[[Stand, Step], list[Row]]

WIDTH: Final = 150

MEASUREMENTS: Final[tuple[tuple[tuple[str, ...], str, Measurement], ...]] = (
    (("kept", "start"), "store", start.fill),
    (("ingest", "kept"), "ingest", throughput.ingest),
    (("forward", "kept"), "received to delivered", throughput.forward),
    (("start",), "start", start.start),
    (("latency",), "latency", calm.latency),
    (("outage",), "outage", calm.outage),
    (("targets",), "fifty targets", targets),
    (("verify",), "verification", lambda _stand, step: verification(step)),
    (("expressions",), "expressions", lambda _stand, step: expressions(step)),
    (("polls",), "polls", polls),
)
"""Which names ask for it, what it is called, and what takes it."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of each, under two minutes")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 3)")
    parser.add_argument("--seconds", type=float, help="of each timed phase (default 4)")
    parser.add_argument("--kept", type=int, help="events in the filled store (default 1,000,000)")
    parser.add_argument("--only", type=names, help=f"some of {','.join(NAMES)}")
    parser.add_argument("--dir", type=Path, help="where to work: on the disk to be measured")
    parser.add_argument("--json", action="store_true", help="one document instead of the table")
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 where something that was wanted was missed"
    )
    return parser.parse_args()


def names(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(NAMES):
        raise argparse.ArgumentTypeError(f"no such measurement: {', '.join(sorted(unknown))}")
    return chosen


def settings_of(given: argparse.Namespace) -> Settings:
    settings = quick(Settings()) if given.quick else Settings()
    asked = {name: getattr(given, name) for name in ("rounds", "seconds", "kept", "only")}
    return replace(settings, **{name: value for name, value in asked.items() if value is not None})


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str, str], None]]:
    """Says what is being measured: in place on a terminal, else a line for each."""

    def line(name: str, text: str) -> None:
        if not text.endswith("%"):
            console.print(f"{name}: {text}", highlight=False, soft_wrap=True)

    if console.is_terminal:
        with console.status("") as status:
            yield lambda name, text: status.update(f"{name}: {text}")
    else:
        yield line


def measure(stand: Stand, tell: Callable[[str, str], None]) -> tuple[list[Row], list[str]]:
    """All rows, and what could not be measured."""
    rows: list[Row] = []
    failures: list[str] = []
    for asked, name, take in MEASUREMENTS:
        if stand.settings.measures(*asked):
            try:
                rows += take(stand, partial(tell, name))
            except Failed as error:
                failures.append(f"{name}: {error}")
                tell(name, f"failed: {error}")
    return rows, failures


def run(given: argparse.Namespace) -> int:
    settings = settings_of(given)
    with tempfile.TemporaryDirectory(prefix="relay-bench-", dir=given.dir or real_disk()) as name:
        folder = Path(name)
        ran_on = machine(folder)
        with progress(Console(stderr=True)) as tell, Stand(settings, folder) as stand:
            rows, failures = measure(stand, tell)
    if given.json:
        listed = [row.as_json() for row in rows]
        print(
            json.dumps(
                {"machine": ran_on, "settings": asdict(settings), "rows": listed, "failures": failures}
            )
        )
    else:
        show(wide(), ran_on, settings, rows)
    for failure in failures:
        print(failure, file=sys.stderr)
    missed = given.strict and any(row.judged and not row.ok for row in rows)
    return 1 if failures or missed else 0


def wide() -> Console:
    """Standard output, as wide as the table where nobody watches."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def stop(number: int, _frame: object) -> None:
    """SIGTERM unwinds like Ctrl-C: nothing is left behind."""
    raise KeyboardInterrupt


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    try:
        sys.exit(run(arguments()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
