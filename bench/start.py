"""Starting on a store in which very much waits."""

import shutil
from collections.abc import Callable
from statistics import median
from typing import Final

from bench.child import Child, Failed
from bench.daemon import STORE, Daemon, one_target
from bench.row import Row
from bench.stand import KEPT, WAITING, Stand, copy

DELIVERIES: Final = 20_000
"""So many arrive before memory is read, for the backlog to have begun to flow."""

BYTES_EACH: Final = 6_000
"""Of disk for each event: two filled stores and a copy of one."""


def fill(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """The two filled stores, in the stand's folder."""
    count = stand.settings.kept
    free = shutil.disk_usage(stand.folder).free
    if free < count * BYTES_EACH:
        raise Failed(
            f"{count:,} events need {count * BYTES_EACH >> 20:,} MiB of disk: fewer by --kept, or --dir"
        )
    part = stand.folder / "part"
    part.mkdir()
    with Child(("-m", "bench.fill", str(part), str(count)), stand.folder / "fill.err") as child:
        done = 0
        while done < 2 * count:
            done = child.said(300)["done"]
            step(f"filling a store with {count:,} events: {done * 50 // count} %")
        if child.process.wait(300):
            raise Failed(child.complaint())
    for name in (WAITING, KEPT):
        (part / name).rename(stand.folder / name)
    return []


def start(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """Seconds to readiness, and memory, with `kept` deliveries waiting."""
    if not (stand.folder / WAITING).exists():
        raise Failed("there is no filled store")
    folder = stand.folder / "start"
    folder.mkdir()
    copy(stand.folder / WAITING, folder / STORE)
    flowing = min(DELIVERIES, stand.settings.kept // 10)
    seconds, peaks, at_once = [], [], []
    for number in range(1, stand.settings.rounds + 1):
        step(f"start {number} of {stand.settings.rounds}")
        stand.forget()
        with Daemon(folder, one_target(stand.sink_port)) as daemon:
            seconds.append(daemon.ready())
            at_once.append(daemon.memory()["VmRSS"])
            stand.arrived(flowing)
            peaks.append(daemon.memory()["VmHWM"])
    waiting = f"{stand.settings.kept:,} waiting"
    remark = f"the most it held by the first {flowing:,} deliveries; {max(at_once):.0f} MiB when ready"
    return [
        Row(f"start to ready, {waiting}", "s", median(seconds), below=2.0),
        Row(f"memory, {waiting}", "MiB", max(peaks), below=150.0, remark=remark),
    ]
