"""From the checked tree to closures: each node becomes a function of one evaluation's `Frame`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from relay.expression import access, logic, macros, optionals
from relay.expression.construct import listing, mapping, record
from relay.expression.errors import ErrorValue
from relay.expression.frame import CALL, SEARCHED, Closure, Frame, Function
from relay.expression.functions import FUNCTIONS, LITERALS, OPERATORS
from relay.expression.shapes import Shape, shape_of
from relay.expression.tree import (
    Call,
    Const,
    Entry,
    Fold,
    Ident,
    Listing,
    Mapped,
    Message,
    Node,
    Select,
)
from relay.expression.values import TYPES


class Unknown(Exception):
    """A node that cannot be compiled: what is wrong with it, and its id."""

    def __init__(self, node: int, text: str) -> None:
        super().__init__(text)
        self.node = node


@dataclass(frozen=True, slots=True)
class Compiled:
    """A closure, the variables it uses, and how many slots its frame needs."""

    run: Closure
    names: frozenset[str]
    slots: int


def compile_tree(root: Node, variables: Collection[str]) -> Compiled:
    """The closure of a tree over these variables; Unknown where it holds what relay cannot evaluate."""
    compiler = _Compiler(variables)
    run = compiler.closure(root)
    return Compiled(run, frozenset(compiler.names), compiler.slots)


class _Compiler:
    def __init__(self, variables: Collection[str]) -> None:
        self.variables = variables
        self.names: set[str] = set()
        self.slots = 0
        self.scope: dict[str, Closure] = {}
        """What macros bind around the node that is being compiled."""

    def closure(self, node: Node) -> Closure:
        run: Closure = _KINDS[type(node)](self, node)
        return run

    def const(self, node: Const) -> Closure:
        value = node.value
        return lambda _frame: value

    def ident(self, node: Ident) -> Closure:
        if node.name in self.scope:
            return self.scope[node.name]
        name = node.name.removeprefix(".")
        if name in TYPES:
            return self.const(Const(node.id, TYPES[name]))
        if name not in self.variables:
            raise Unknown(node.id, f"{name} is not known to relay")
        self.names.add(name)
        return access.variable(name)

    def select(self, node: Select) -> Closure:
        operand = self.closure(node.operand)
        return access.has(operand, node.field) if node.test else access.select(operand, node.field)

    def call(self, node: Call) -> Closure:
        name, arguments = node.function, node.arguments
        if name in _TEXT_FORMS and isinstance(arguments[1], Const) and type(arguments[1].value) is str:
            return _TEXT_FORMS[name](self.closure(arguments[0]), arguments[1].value)
        if name in _FORMS:
            return _FORMS[name](*map(self.closure, arguments))
        if name in LITERALS and isinstance(arguments[-1], Const):
            made = self.literal(node, arguments[-1].value)
            if made is not None:
                return made
        function = OPERATORS.get(name) or FUNCTIONS.get(name)
        if function is None:
            raise Unknown(node.id, f"{name} is not known to relay")
        return called(function, [self.closure(argument) for argument in arguments])

    def literal(self, node: Call, value: Any) -> Closure | None:
        """A call that a constant lets be prepared, and refused, at load."""
        try:
            function = LITERALS[node.function](value)
        except ErrorValue as error:
            raise Unknown(node.id, error.message) from None
        if function is None:
            return None
        return called(function, [self.closure(argument) for argument in node.arguments[:-1]])

    def listing(self, node: Listing) -> Closure:
        return listing(list(map(self.closure, node.elements)), node.optional)

    def mapped(self, node: Mapped) -> Closure:
        fixed = {name: entry.value for entry in node.entries if (name := fixed_name(entry)) is not None}
        if len(fixed) == len(node.entries):
            return record({name: self.closure(value) for name, value in fixed.items()})
        return mapping([self.entry(entry) for entry in node.entries])

    def entry(self, entry: Entry) -> tuple[Closure, Closure, bool]:
        return self.closure(entry.key), self.closure(entry.value), entry.optional

    def message(self, node: Message) -> Closure:
        raise Unknown(node.id, f"{node.name}: relay has no messages")

    def fold(self, node: Fold) -> Closure:
        shape, steps = shape_of(node)
        if shape is Shape.BIND:
            return self.bind(node)
        over, start = self.closure(node.range), self.closure(node.start)
        slot, accumulator = self.slot(), self.slot()
        scope = self.scope | {node.variable: read_slot(slot)}
        if shape is Shape.OTHER:
            scope |= {node.accumulator: read_slot(accumulator)}
        bodies = [self.within(scope, part) for part in steps]
        cost = 1 + sum(map(weight, steps))
        if shape is Shape.OTHER:
            return macros.fold(over, start, bodies, (slot, accumulator), cost)
        return macros.LOOPS[shape](over, bodies, slot, cost)

    def bind(self, node: Fold) -> Closure:
        slot = self.slot()
        lazy = macros.lazy(slot, self.closure(node.start))
        return macros.bind(slot, self.within(self.scope | {node.accumulator: lazy}, node.result))

    def within(self, scope: dict[str, Closure], node: Node) -> Closure:
        outer, self.scope = self.scope, scope
        try:
            return self.closure(node)
        finally:
            self.scope = outer

    def slot(self) -> int:
        self.slots += 1
        return self.slots - 1


_KINDS: Final[dict[type, Callable[..., Closure]]] = {
    Const: _Compiler.const,
    Ident: _Compiler.ident,
    Select: _Compiler.select,
    Call: _Compiler.call,
    Listing: _Compiler.listing,
    Mapped: _Compiler.mapped,
    Message: _Compiler.message,
    Fold: _Compiler.fold,
}
_FORMS: Final[dict[str, Callable[..., Closure]]] = {
    "_&&_": logic.both,
    "_||_": logic.either,
    "_?_:_": logic.choice,
    "@not_strictly_false": logic.not_strictly_false,
    "_==_": logic.equals,
    "_!=_": logic.differs,
    "or": optionals.either,
    "orValue": optionals.or_value,
    "dyn": lambda argument: argument,
}
"""Calls that do not simply take the values of their arguments."""
_TEXT_FORMS: Final[dict[str, Callable[[Closure, str], Closure]]] = {
    "_==_": logic.equals_text,
    "_!=_": logic.differs_from_text,
    "_[_]": access.index_text,
}
"""The same, where the second is a constant text."""


def fixed_name(entry: Entry) -> str | None:
    """The key of an entry that is always there under the same text."""
    constant = entry.key.value if isinstance(entry.key, Const) else None
    return constant if isinstance(constant, str) and not entry.optional else None


def read_slot(slot: int) -> Closure:
    """What a macro's variable is."""

    def run(frame: Frame) -> Any:
        return frame.slots[slot]

    return run


def called(function: Function, arguments: Sequence[Closure]) -> Closure:
    """A call of a function with the values of its arguments."""
    match arguments:
        case []:
            return function
        case [a]:
            return lambda frame: function(frame, a(frame))
        case [a, b]:
            return lambda frame: function(frame, a(frame), b(frame))
        case _:
            return lambda frame: function(frame, *[argument(frame) for argument in arguments])


def weight(node: Node) -> int:
    """What a node costs each time that a loop's body is run; loops inside it charge for their own."""
    return own_weight(node) + sum(map(weight, parts(node)))


def own_weight(node: Node) -> int:
    """What it costs beside its parts."""
    if isinstance(node, Call) and node.function not in OPERATORS and node.function not in _FORMS:
        return CALL
    if isinstance(node, Const) and isinstance(node.value, str | bytes):
        return 1 + (len(node.value) >> SEARCHED)
    if isinstance(node, Select):
        return 1 + (len(node.field) >> SEARCHED)
    return 1


def parts(node: Node) -> Sequence[Node]:
    """The nodes that are evaluated with it."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return arguments
        case Listing(elements=elements):
            return elements
        case Mapped(entries=entries):
            return [part for entry in entries for part in (entry.key, entry.value)]
        case Fold():
            return node.range, node.start, node.result
    return ()
