"""What is wrong with one source's table, gathered while its provider is built."""

from typing import Final

from relay.errors import Problem

PRESET_KEYS: Final = frozenset({"verify", "handshake"})


class Faults:
    """The problems found so far, at their dotted paths."""

    def __init__(self, name: str) -> None:
        self.found: list[Problem] = []
        self.preset = False
        """The words are a preset's: what is wrong with them is told at `provider`."""
        self._table = f"source.{name}"

    def add(self, key: str, text: str, hint: str = "") -> None:
        """`key` is dotted, within the source's table."""
        if self.preset and key.partition(".")[0] in PRESET_KEYS:
            key = "provider"
        self.found.append(Problem(f"{self._table}.{key}", text, hint))
