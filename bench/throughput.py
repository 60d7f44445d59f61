"""How much relay takes and hands on, against the least that a program can do and its own empty store."""

from collections.abc import Callable
from functools import partial
from statistics import median

from bench.rounds import handler_ingest, interleaved, proxy_forward, relay_forward, relay_ingest
from bench.row import Round, Row, compared
from bench.stand import KEPT, Stand

Measures = dict[str, Callable[[], Round]]


def ingest(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """Durable acknowledgements a second, the target paused."""
    results = interleaved(stand.settings.rounds, _measures(stand, handler_ingest, relay_ingest), step)
    rows = []
    if "baseline" in results:
        what = "ingest, durable, target paused"
        rows.append(compared(what, "bare handler", results["relay"], results["baseline"], 0.5))
    if "kept" in results:
        rows.append(_against_empty(stand, "ingest", results["kept"], results["relay"]))
    return rows


def forward(stand: Stand, step: Callable[[str], None]) -> list[Row]:
    """Events a second from post to target, and those that get there while posts still come."""
    results = interleaved(stand.settings.rounds, _measures(stand, proxy_forward, relay_forward), step)
    rows = []
    if "baseline" in results:
        mine = results["relay"]
        rows.append(compared("received to delivered", "bare proxy", mine, results["baseline"], 0.65))
        rows.append(_burst(mine))
    if "kept" in results:
        rows.append(_against_empty(stand, "received to delivered", results["kept"], results["relay"]))
    return rows


def _measures(stand: Stand, baseline: Callable[[Stand], Round], relay: Callable[..., Round]) -> Measures:
    measures: Measures = {"relay": partial(relay, stand)}
    name = "ingest" if baseline is handler_ingest else "forward"
    if stand.settings.measures(name):
        measures = {"baseline": partial(baseline, stand), **measures}
    if stand.settings.measures("kept") and (stand.folder / KEPT).exists():
        measures["kept"] = partial(relay, stand, stand.folder / KEPT)
    return measures


def _burst(rounds: list[Round]) -> Row:
    ingested = median(round_.ingest for round_ in rounds)
    return Row(
        "delivered during the burst",
        "/s",
        median(round_.burst for round_ in rounds),
        "its own rate end to end",
        median(round_.rate for round_ in rounds),
        median(round_.burst / round_.rate for round_ in rounds),
        least=0.5,
        remark=f"while it acknowledged {ingested:,.0f} events/s",
    )


def _against_empty(stand: Stand, what: str, kept: list[Round], empty: list[Round]) -> Row:
    return compared(f"{what}, {stand.settings.kept:,} kept", "empty store", kept, empty, 0.8)
