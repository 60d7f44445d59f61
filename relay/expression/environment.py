"""Expressions: `Environment.compile` makes a `Program` of a text, `Program` evaluates it.

CEL, parsed and type-checked by the official library, evaluated by closures over plain values (`values.py`).
Whatever a program is given, it ends, within `frame.BUDGET`, with a value or an `ExpressionError`.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from relay.expression.checker import Checker
from relay.expression.compiler import Compiled, Unknown, compile_tree
from relay.expression.errors import CompileError, ErrorValue, Exhausted, Fault
from relay.expression.frame import BUDGET, Frame
from relay.expression.nulls import Typed
from relay.expression.output import to_json
from relay.expression.tree import read_tree
from relay.expression.values import Optional, type_name


class Program:
    """A compiled expression. It holds no state: any number of threads may use it at once."""

    def __init__(self, text: str, compiled: Compiled, kind: str = "dyn") -> None:
        self.text = text
        self.type = kind
        """What it gives, as far as that is known before it is run: `dyn` where it is not."""
        self.names = compiled.names
        """The variables that it uses."""
        self.loops = compiled.slots > 0
        """Whether it may go through a list."""
        self._run = compiled.run
        self._slots = compiled.slots

    def value(self, variables: Mapping[str, Any], budget: int = BUDGET) -> Any:
        """The value, which may share parts with the variables; ExpressionError where there is none.

        `budget`: what it may cost at most, in steps.

        A variable is looked up when, and if, it is reached; what the mapping raises then, but a KeyError,
        is its own affair.
        """
        try:
            return self._run(Frame(variables, self._slots, budget))
        except RecursionError:
            raise Exhausted("nested too deep") from None

    def given(self, variables: Mapping[str, Any], budget: int = BUDGET) -> Any:
        """The value; of an optional what it holds, null where it holds nothing."""
        return _held(self.value(variables, budget))

    def holds(self, variables: Mapping[str, Any], budget: int = BUDGET) -> bool:
        """Whether a filter holds: its value must be a bool."""
        value = self.value(variables, budget)
        if value is True or value is False:
            return bool(value)
        raise ErrorValue(f"gives {type_name(value)}, not bool")

    def json(self, variables: Mapping[str, Any], budget: int = BUDGET) -> Any:
        """What is `given`, as JSON: fresh, keys as text, times as RFC 3339 and seconds, bytes as base64."""
        frame = Frame(variables, self._slots, budget)
        try:
            return to_json(frame, _held(self._run(frame)))
        except RecursionError:
            raise Exhausted("nested too deep") from None


def _held(value: Any) -> Any:
    """Whoever takes a value out of an expression has no use for an optional: null says as much."""
    if isinstance(value, Optional):
        return value.value if value.present else None
    return value


class Environment:
    """What expressions may name: variables and their types.

    A type is a word: dyn bool int uint double string bytes null timestamp duration, list, map, or these
    with parameters: `list(int)`, `map(string, string)`. A bare map has strings as keys.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = dict(variables)

    @cached_property
    def _checker(self) -> Checker:
        return Checker(self._variables)

    def compile(self, text: str) -> Program:
        """The program of a text; CompileError tells all that is wrong with it, with line and column."""
        typed = Typed(text)
        checked, kind = self._checker.check(typed)
        tree = read_tree(checked)
        try:
            return Program(text, compile_tree(tree.root, self._variables), kind)
        except Unknown as unknown:
            line, column = typed.place(tree.positions.get(unknown.node, 0))
            raise CompileError([Fault(str(unknown), line, column)]) from None
