"""`matches()`: RE2, which takes time in proportion to the text, with bounded memory."""

from typing import TYPE_CHECKING, Any, Final

from relay.expression.errors import ErrorValue
from relay.expression.frame import Frame, Function
from relay.expression.values import no_overload

if TYPE_CHECKING:
    import re2

MEMORY: Final = 1 << 20
"""Bytes that one pattern of an expression may take; RE2 refuses what needs more."""
STRANGE_MEMORY: Final = 1 << 17
"""As MEMORY, for a pattern that comes from the data: it is compiled each time."""
MATCH: Final = 4
COMPILE: Final = 5_000
STEPS: Final = 3
"""Each character may cost a step for each instruction of the pattern; 2 to the power of this many are one."""


def matches(frame: Frame, text: Any, pattern: Any) -> bool:
    """`text.matches(pattern)`: whether the pattern is found anywhere in the text."""
    if type(text) is not str or type(pattern) is not str:
        raise no_overload("matches", text, pattern)
    frame.charge(COMPILE)
    frame.charge(len(pattern))
    return found(frame, compiled(pattern, STRANGE_MEMORY), text)


def prepared(pattern: Any) -> Function | None:
    """`matches` with a constant pattern; an ErrorValue where it is none."""
    if type(pattern) is not str:
        return None
    expression = compiled(pattern, MEMORY)

    def run(frame: Frame, text: Any) -> bool:
        if type(text) is not str:
            raise no_overload("matches", text, pattern)
        return found(frame, expression, text)

    return run


def found(frame: Frame, expression: "re2._Regexp", text: str) -> bool:
    """Whether a compiled pattern is in the text."""
    frame.charge(MATCH)
    frame.make(len(text) * max(1, expression.programsize >> STEPS))
    # as bytes, RE2 need not translate places to those of characters
    return expression.search(text.encode(errors="replace")) is not None


def compiled(pattern: str, memory: int) -> "re2._Regexp":
    """The pattern, ready to be used."""
    import re2  # noqa: PLC0415 (a daemon without expressions does not pay for it)

    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(pattern.encode(errors="replace"), options)
    except re2.error as error:
        raise ErrorValue(f"no regular expression: {reason(error)}") from None
    finally:
        # it keeps the last hundred patterns, whoever they came from
        re2.purge()


def reason(error: Exception) -> str:
    """What RE2 says."""
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
