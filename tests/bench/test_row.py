"""Figures and what is made of them."""

from bench.row import Round, Row, compared
from bench.table import cells


def test_ratio_is_the_median_of_the_rounds_ratios() -> None:
    """A round in which the machine was slow weighs on both sides alike."""
    row = compared(
        "x",
        "y",
        [Round(50, 20), Round(5, 22), Round(60, 24)],
        [Round(100, 10), Round(10, 11), Round(100, 12)],
        0.5,
    )
    assert (row.figure, row.baseline, row.ratio, row.ok) == (50, 100, 0.5, True)
    assert (row.cpu_us, row.baseline_cpu_us) == (22, 11)


def test_no_ratio_when_the_load_generator_was_the_limit() -> None:
    """A round that measured the generator is in no ratio, and the row says so."""
    mine, theirs = [Round(90, 1, busy=True), Round(40, 1)], [Round(100, 1), Round(100, 1)]
    row = compared("x", "y", mine, theirs, 0.5)
    assert row.ratio == 0.4
    assert "1 of 2 rounds" in row.remark


def test_nothing_is_said_where_no_round_counts() -> None:
    """Without a ratio nothing is ok and nothing is missed."""
    row = compared("x", "y", [Round(90, 1)], [Round(100, 1, busy=True)], 0.5)
    assert row.ratio is None
    assert row.ok is None
    assert "not said" in cells(row)[5]


def test_figure_must_stay_below() -> None:
    """A limit that is just reached is missed."""
    assert Row("x", "s", 1.9, below=2.0).ok is True
    assert Row("x", "s", 2.0, below=2.0).ok is False
    assert Row("x", "s", 2.0).judged is False


def test_ratio_must_stay_below() -> None:
    """A ratio that is just reached is missed; without one nothing is said."""
    assert Row("x", "ms", 19, "y", 10, 1.9, most=2.0).ok is True
    assert Row("x", "ms", 20, "y", 10, 2.0, most=2.0).ok is False
    assert Row("x", "ms", 20, "y", 10, most=2.0).ok is None


def test_a_miss_never_looks_like_a_hit() -> None:
    """A ratio just below what was wanted is not rounded up to it."""
    row = Row("x", "/s", 649, "y", 1000, 0.649, least=0.65)
    assert cells(row)[3:6] == ["0.64", "≥ 0.65", "[bold red]MISSED[/]"]
