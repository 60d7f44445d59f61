"""`null` among other types: to CEL it is a type of its own, to relay a value that may stand for any.

The official checker refuses `x ? "text" : null` and `"text" == null`, for the two sides have no type in
common. `dyn(null)` it takes, and so it is given that, wherever the text says `null`. Nothing else changes,
and places in what it says are those of the text as it was written.
"""

import re
from typing import Final

_PIECE: Final = re.compile(
    r'''[bB]?[rR][bB]?(?:""".*?"""|\'\'\'.*?\'\'\'|"[^"\n]*"|'[^'\n]*')'''
    r'''|[bB]?(?:"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')'''
    r"""|//[^\n]*|`[^`\n]*`|(?:\.\s*)?[A-Za-z_]\w*""",
    re.DOTALL,
)
"""What `null` may be part of: a text, raw or not, a comment, a longer word; or what it is."""
NULL: Final = "null"
TYPED: Final = "dyn(null)"
_LONGER: Final = len(TYPED) - len(NULL)


class Typed:
    """A text with its nulls as the checker takes them."""

    def __init__(self, text: str) -> None:
        self.at = [piece.start() for piece in _PIECE.finditer(text) if piece[0] == NULL]
        """Where they stand in the text as it was written."""
        self._written = self.text = text
        for at in reversed(self.at):
            self.text = f"{self.text[:at]}{TYPED}{self.text[at + len(NULL) :]}"

    def original(self, place: int) -> int:
        """Where in the text as it was written the character at `place` of this one stands."""
        longer = 0
        for at in self.at:
            begin = at + longer
            if place <= begin:
                break
            if place < begin + len(TYPED):
                return at
            longer += _LONGER
        return place - longer

    def place(self, at: int) -> tuple[int, int]:
        """The line and column, from 1, of the character at `at` in the text as it was written."""
        at = self.original(at)
        before = self._written[:at]
        return before.count("\n") + 1, at - before.rfind("\n")
