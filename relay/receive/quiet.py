"""What strangers can cause is told in few words: no flood fills the log."""

import time
from collections.abc import Mapping
from typing import Any, Final

MOST: Final = 1000
"""Kinds of lines that are told apart."""


class Quiet:
    """One line a second of each kind, and how many were not told."""

    def __init__(self) -> None:
        self._told: dict[tuple[Any, ...], tuple[float, int]] = {}

    def warn(self, log: Any, event: str, told: Mapping[str, Any], **more: Any) -> None:
        """`told` is the kind; `more` only goes along."""
        kind, now = (event, *told.values()), time.monotonic()
        last, untold = self._told.get(kind, (0.0, 0))
        if now - last < 1:
            self._told[kind] = (last, untold + 1)
            return
        if len(self._told) > MOST:
            self._told.clear()
        self._told[kind] = (now, 0)
        log.warning(event, **told, **more, **({"more": untold} if untold else {}))
