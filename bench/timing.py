"""Microseconds of CPU that one call takes: what else the machine does weighs little on it."""

import time
import timeit
from collections.abc import Callable
from typing import Final

RUNS: Final = 20
TIMES: Final = 500


def microseconds(call: Callable[[], object], times: int = TIMES) -> float:
    """Of one call: the best of many runs of so many of them."""
    return min(timeit.repeat(call, timer=time.thread_time, number=times, repeat=RUNS)) / times * 1e6
