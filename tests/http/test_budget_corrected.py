"""What an api itself counts corrects the budget: quotas that are spent, buckets that others drink from."""

from relay.bucket import Bucket
from relay.clock import SECOND
from relay.http.budget import Budget
from tests.clock import START, ManualClock
from tests.http.line import Line, later, settle


async def test_a_spent_quota_stops(clock: ManualClock) -> None:
    """What the api counts goes: none left is a stop until its reset, and more than none is that many."""
    line = Line(Budget(clock, at_once=10))
    await line.come("a")
    line.budget.correct({"x-ratelimit-remaining": "2", "x-ratelimit-reset": "20"}, START)
    line.budget.leave()
    for name in "bcd":
        await line.come(name)
    assert line.through == ["a", "b", "c"]
    await later(clock, 19.9)
    assert line.through == ["a", "b", "c"]
    await later(clock, 0.2)
    assert line.through == ["a", "b", "c", "d"]
    await line.come("e")
    assert line.through[-1] == "e"


async def test_a_quota_that_is_long_spent_is_told(clock: ManualClock) -> None:
    """As a stop is: to all who stand in line, as soon as it is known."""
    line = Line(Budget(clock, at_once=1))
    for name in "abc":
        await line.come(name)
    line.budget.correct({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3600"}, START)
    await settle()
    assert line.told == dict.fromkeys(["b", "c"], START + 3600 * SECOND)


async def test_a_quota_counts_what_is_under_way(clock: ManualClock) -> None:
    """Requests that the api has not seen yet are taken off what it says is left."""
    line = Line(Budget(clock, at_once=10))
    for name in "abc":
        await line.come(name)
    line.budget.correct({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "20"}, START)
    await line.come("d")
    await line.come("e")
    assert line.through == ["a", "b", "c", "d"]
    line.budget.leave()
    line.budget.correct({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "20"}, START)
    await settle()
    assert line.through == ["a", "b", "c", "d", "e"]


async def test_a_leaking_bucket_corrects_ours(clock: ManualClock) -> None:
    """Others drink from the same bucket: what is left in it is what is left in ours."""
    line = Line(Budget(clock, Bucket(2, burst=40), at_once=100))
    await line.come("a")
    line.budget.correct({"x-shopify-shop-api-call-limit": "38/40"}, START)
    for name in "bcde":
        await line.come(name)
    assert line.through == ["a", "b", "c"]
    await later(clock, 0.51)
    assert line.through == ["a", "b", "c", "d"]
    await line.end()


async def test_a_full_bucket_without_a_rate(clock: ManualClock) -> None:
    """Where the file gives no rate, a bucket that is full is left alone for a second."""
    line = Line(Budget(clock))
    line.budget.correct({"x-shopify-shop-api-call-limit": "40/40"}, START)
    await line.come("a")
    assert line.through == []
    await later(clock, 1)
    assert line.through == ["a"]
