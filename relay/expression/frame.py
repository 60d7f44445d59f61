"""One evaluation: what it may still cost, the variables it is given, and those its loops set.

The budget counts steps, not time, so that the same expression ends the same way on every machine.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from relay.expression.errors import Exhausted

BUDGET: Final = 500_000
CALL: Final = 8
"""What a function call weighs in the body of a loop; any other node weighs 1."""
MADE: Final = 4
"""Text that is made costs 1 for each 2 to the power of this many characters."""
SEARCHED: Final = 7
"""As MADE, for text that is searched or compared."""
DEPTH: Final = 200
"""How deep values may be nested that are compared or put out: some three levels of Python's stack each."""


class Frame:
    """The state of one evaluation: never shared, so that programs may be used by many threads at once."""

    __slots__ = ("left", "slots", "variables")

    def __init__(self, variables: Mapping[str, Any], slots: int, budget: int = BUDGET) -> None:
        self.left = budget
        self.variables = variables
        self.slots: list[Any] = [None] * slots

    def charge(self, cost: int) -> None:
        """Take `cost` from the budget, before the work is done."""
        self.left -= cost
        if self.left < 0:
            raise Exhausted("too much work for one expression")

    def make(self, length: int) -> None:
        """Charge for a text of `length` characters that is about to be made."""
        self.charge(length >> MADE)

    def search(self, length: int) -> None:
        """Charge for a text of `length` characters that is about to be read."""
        self.charge(length >> SEARCHED)


Closure = Callable[[Frame], Any]
"""A node of an expression, ready to be evaluated."""
Function = Callable[..., Any]
"""A function of an expression: takes the frame, then the values of its arguments."""


def deeper(depth: int) -> int:
    """One level more; Exhausted where that is too deep."""
    if depth >= DEPTH:
        raise Exhausted(f"nested deeper than {DEPTH} levels")
    return depth + 1
