"""The checked tree of an expression, read from what the checker serialises.

Messages and their numbers: `cel/expr/checked.proto` and `cel/expr/syntax.proto` of google/cel-spec.
"""

from dataclasses import dataclass
from typing import Any, Final

from relay.expression import wire
from relay.expression.values import UInt


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, or a name that the checker knows the value of."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable, a type, or what a macro binds; a leading dot means that no macro's is meant."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; `test`: `has(operand.field)`."""

    id: int
    operand: "Node"
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator; a method's target is its first argument."""

    id: int
    function: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Listing:
    """`[a, ?b]`: elements, and the places of those that are optional."""

    id: int
    elements: "tuple[Node, ...]"
    optional: frozenset[int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a map, optional with a `?` before it."""

    key: "Node"
    value: "Node"
    optional: bool


@dataclass(frozen=True, slots=True)
class Mapped:
    """`{key: value}`."""

    id: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """`Name{field: value}`: protocol buffers, of which relay has none."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Fold:
    """What every macro becomes: over `range`, `accumulator` goes from `start` by `step` to `result`."""

    id: int
    variable: str
    range: "Node"
    accumulator: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node = Const | Ident | Select | Call | Listing | Mapped | Message | Fold


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole expression, and where in the text (in characters) each node stands."""

    root: Node
    positions: dict[int, int]


def read_tree(serialised: bytes) -> Tree:
    """The tree of a serialised `google.protobuf.Any` of `CheckedExpr`."""
    checked = wire.read(wire.read(serialised)[2][0])
    references = {id_: wire.read(value) for id_, value in wire.pairs(checked, 2).items() if value}
    source = wire.read(checked[5][0]) if 5 in checked else {}
    return Tree(_Reader(references).node(checked[4][0]), wire.pairs(source, 4))


class _Reader:
    """Reads nodes; names are what the checker resolved them to."""

    def __init__(self, references: dict[int, wire.Fields]) -> None:
        self.references = references

    def node(self, message: bytes) -> Node:
        fields = wire.read(message)
        id_ = fields.pop(2, [0])[0]
        ((kind, (content,)),) = fields.items()
        node: Node = _KINDS[kind](self, id_, wire.read(content))
        return node

    def const(self, id_: int, fields: wire.Fields) -> Node:
        return Const(id_, constant(fields))

    def ident(self, id_: int, fields: wire.Fields) -> Node:
        reference = self.references.get(id_, {})
        if 4 in reference:
            return Const(id_, constant(wire.read(reference[4][0])))
        name = wire.text(fields, 1)
        return Ident(id_, name if name.startswith(".") else wire.text(reference, 1) or name)

    def select(self, id_: int, fields: wire.Fields) -> Node:
        return Select(id_, self.node(fields[1][0]), wire.text(fields, 2), 3 in fields)

    def call(self, id_: int, fields: wire.Fields) -> Node:
        arguments = fields.get(1, []) + fields.get(3, [])
        return Call(id_, wire.text(fields, 2), tuple(map(self.node, arguments)))

    def listing(self, id_: int, fields: wire.Fields) -> Node:
        elements = tuple(map(self.node, fields.get(1, ())))
        return Listing(id_, elements, frozenset(wire.packed(fields, 2)))

    def mapped(self, id_: int, fields: wire.Fields) -> Node:
        if name := wire.text(fields, 1):
            return Message(id_, name)
        return Mapped(id_, tuple(self.entry(wire.read(entry)) for entry in fields.get(2, ())))

    def entry(self, fields: wire.Fields) -> Entry:
        return Entry(self.node(fields[3][0]), self.node(fields[4][0]), 5 in fields)

    def fold(self, id_: int, fields: wire.Fields) -> Node:
        nodes = {number: self.node(fields[number][0]) for number in (2, 4, 5, 6, 7)}
        variable, accumulator = wire.text(fields, 1), wire.text(fields, 3)
        return Fold(id_, variable, nodes[2], accumulator, nodes[4], nodes[5], nodes[6], nodes[7])


_KINDS: Final = {
    3: _Reader.const,
    4: _Reader.ident,
    5: _Reader.select,
    6: _Reader.call,
    7: _Reader.listing,
    8: _Reader.mapped,
    9: _Reader.fold,
}


def constant(fields: wire.Fields) -> Any:
    """The value of a `Constant`."""
    ((kind, (value,)),) = fields.items()
    return _CONSTANTS[kind](value)


_CONSTANTS: Final[dict[int, Any]] = {
    1: lambda _: None,
    2: bool,
    3: wire.signed,
    4: UInt,
    5: wire.double,
    6: lambda value: value.decode(),
    7: bytes,
}
