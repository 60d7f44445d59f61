"""Strangers' text made fit to be kept."""

import pytest

from relay.text import LARGEST_EXPONENT, decimal_text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("7", "7"),
        ("-7", "-7"),
        ("100", "100"),
        ("1.50", "1.5"),
        ("15e-1", "1.5"),
        ("1.00", "1"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("-0.0010", "-0.001"),
        ("0.10000000000000000000000000001", "0.10000000000000000000000000001"),
        ("123456789012345678901234567890.50", "123456789012345678901234567890.5"),
    ],
)
def test_a_number_has_one_name(written: str, text: str) -> None:
    """However it was written, and to its last digit: two numbers never have the same."""
    assert decimal_text(written) == text


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_extreme_number_keeps_its_writing(sign: str) -> None:
    """A few characters do not become a million digits."""
    for exponent in (LARGEST_EXPONENT, -LARGEST_EXPONENT):
        assert "e" not in decimal_text(f"{sign}1e{exponent}")
    for exponent in (LARGEST_EXPONENT + 1, -LARGEST_EXPONENT - 1, 10**9, -(10**9)):
        assert decimal_text(f"{sign}1e{exponent}") == f"{sign}1e{exponent}"


@pytest.mark.parametrize("written", ["NaN", "inf", "-Infinity", "", "one", "1e", "1e99999999999999999999"])
def test_what_is_no_number_stays_as_it_is(written: str) -> None:
    """An expression may give such a double, and a name must not raise."""
    assert decimal_text(written) == written
