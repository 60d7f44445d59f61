"""What is wrong with one source's table, gathered while its provider is built."""

from relay.errors import Problem


class Faults:
    """The problems found so far, at their dotted paths."""

    def __init__(self, name: str) -> None:
        self.found: list[Problem] = []
        self._table = f"source.{name}"

    def add(self, key: str, text: str, hint: str = "") -> None:
        """`key` is dotted, within the source's table."""
        self.found.append(Problem(f"{self._table}.{key}", text, hint))
