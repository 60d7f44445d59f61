"""All that may be called, by the name that the checker gives it."""

from collections.abc import Callable
from typing import Any, Final

from relay.expression import access, arithmetic, compare, logic, patterns
from relay.expression.convert import CONVERSIONS
from relay.expression.encoders import ENCODERS
from relay.expression.formats import format_text
from relay.expression.frame import Frame, Function
from relay.expression.numbers import MATH
from relay.expression.optionals import OPTIONALS
from relay.expression.own import OWN
from relay.expression.texts import TEXTS
from relay.expression.times import GETTERS, ZONED, parse_duration, parse_timestamp

OPERATORS: Final[dict[str, Function]] = {
    "_+_": arithmetic.add,
    "_-_": arithmetic.subtract,
    "_*_": arithmetic.multiply,
    "_/_": arithmetic.divide,
    "_%_": arithmetic.modulo,
    "-_": arithmetic.negate,
    "!_": logic.negation,
    "_<_": compare.less,
    "_<=_": compare.less_equal,
    "_>_": compare.greater,
    "_>=_": compare.greater_equal,
    "@in": compare.contained,
    "_[_]": access.index,
    "_[?_]": access.index_optional,
    "_?._": access.select_optional,
}
"""What is written without a name."""
FUNCTIONS: Final[dict[str, Function]] = {
    **CONVERSIONS,
    **TEXTS,
    **GETTERS,
    **MATH,
    **OPTIONALS,
    **ENCODERS,
    **OWN,
    "format": format_text,
    "matches": patterns.matches,
}


def _constant(parse: Callable[[str], Any]) -> Callable[[Any], Function | None]:
    """A conversion of a constant text is a constant."""

    def prepare(value: Any) -> Function | None:
        if type(value) is not str:
            return None
        made = parse(value)

        def run(_frame: Frame) -> Any:
            return made

        return run

    return prepare


LITERALS: Final[dict[str, Callable[[Any], Function | None]]] = {
    "timestamp": _constant(parse_timestamp),
    "duration": _constant(parse_duration),
    "matches": patterns.prepared,
    **ZONED,
}
"""What a constant as last argument lets be prepared at load; None: not of this type."""
