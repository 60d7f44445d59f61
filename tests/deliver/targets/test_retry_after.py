"""Retry-After, in all of its forms."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.deliver.targets.http import silence
from tests.clock import START

DATE = "Mon, 21 Sep 2026 14:14:20 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
        ("0", 0),
        (" 7 ", 7),
        ("86400", 86400),
        ("1.5", 1.5),
        ("99999999", 86400),
        ("9" * 5000, 0),
        (DATE, 60),
        ("Monday, 21-Sep-26 14:14:20 GMT", 60),
        ("Mon Sep 21 14:14:20 2026", 60),
        ("2026-09-21T14:14:20Z", 60),
        ("Tue, 21 Sep 2027 14:14:20 GMT", 86400),
        ("Mon, 21 Sep 2020 14:14:20 GMT", 0),
        ("Mon, 99 Sep 2026 14:14:20 GMT", 0),
        ("Mon, 21 Sep 0000 14:14:20 GMT", 0),
    ],
)
def test_retry_after(value: str | None, seconds: float) -> None:
    """Seconds, or any of HTTP's three dates, in UTC wherever we are, a day at most; else no wait."""
    assert silence({} if value is None else {"Retry-After": value}, START) == seconds


def test_date_by_the_targets_clock() -> None:
    """A target whose clock is an hour behind means its own hour."""
    assert silence({"Retry-After": DATE, "Date": "Mon, 21 Sep 2026 13:14:20 GMT"}, START) == 3600


@given(st.text())
def test_retry_after_never_raises(value: str) -> None:
    """Whatever a target writes there."""
    assert silence({"Retry-After": value}, START) >= 0


@given(st.datetimes())
def test_retry_after_takes_any_date(moment: datetime) -> None:
    """Any date there is."""
    assert silence({"Retry-After": format_datetime(moment)}, START) >= 0


def test_the_date_above() -> None:
    """The dates in the table are a minute after START."""
    assert parsedate_to_datetime(DATE).timestamp() == START // SECOND + 60
