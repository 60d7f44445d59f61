"""What the checker never gives today, and the tree that it does give."""

import pytest

from relay.expression.compiler import Unknown, compile_tree
from relay.expression.frame import Frame
from relay.expression.shapes import Shape, shape_of
from relay.expression.tree import Call, Const, Fold, Ident, Listing, Node, read_tree
from relay.expression.wire import packed, read, signed

NUMBERS = Listing(1, tuple(Const(2, number) for number in (1, 2, 3, 4)), frozenset())

ONE = Listing(1, (Const(2, 1),), frozenset())


def test_any_fold_is_evaluated_as_it_stands() -> None:
    """One that no macro makes: the sum of a list, while it is below five."""
    total, item = Ident(3, "@sum"), Ident(4, "x")
    below = Call(5, "_<_", (total, Const(6, 5)))
    fold = Fold(7, "x", NUMBERS, "@sum", Const(8, 0), below, Call(9, "_+_", (total, item)), total)
    assert shape_of(fold)[0] is Shape.OTHER
    compiled = compile_tree(fold, ())
    assert compiled.run(Frame({}, compiled.slots)) == 6


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (Listing(1, (), frozenset()), Call(2, "_+_", (Ident(3, "other"), NUMBERS))),
        (
            Listing(1, (), frozenset()),
            Call(2, "_?_:_", (Const(3, True), Call(4, "_+_", (Ident(5, "other"), ONE)), Ident(6, "@result"))),
        ),
        (Const(1, False), Call(2, "_&&_", (Ident(3, "@result"), Const(4, True)))),
        (Const(1, 0), Call(2, "_+_", (Ident(3, "@result"), Const(4, 1)))),
    ],
)
def test_what_only_resembles_a_macro_is_none(start: Node, step: Node) -> None:
    """A shape is taken only where all of it fits."""
    fold = Fold(7, "x", NUMBERS, "@result", start, Const(8, True), step, Ident(9, "@result"))
    assert shape_of(fold)[0] is Shape.OTHER


def test_a_function_that_is_not_known_is_refused() -> None:
    """At load, not when the first event comes."""
    with pytest.raises(Unknown, match=r"future\.thing is not known"):
        compile_tree(Call(1, "future.thing", ()), ())


def test_the_wire_is_read() -> None:
    """Varints, fixed numbers, bytes, packed numbers, negative ones (protobuf.dev, "Encoding")."""
    message = bytes.fromhex(
        "08ac02 1203616263 1d01000000 210000000000000080 2a03010203 08ffffffffffffffffff01"
    )
    fields = read(message)
    assert fields == {
        1: [300, 2**64 - 1],
        2: [b"abc"],
        3: [bytes.fromhex("01000000")],
        4: [bytes.fromhex("0000000000000080")],
        5: [b"\x01\x02\x03"],
    }
    assert signed(fields[1][1]) == -1
    assert packed(fields, 5) == [1, 2, 3]
    assert packed(fields, 1) == fields[1]


def test_a_tree_names_its_places() -> None:
    """A constant alone: `CheckedExpr` with one node and its position."""
    constant = bytes.fromhex("1001 1a02 1805")
    source = bytes.fromhex("2204 0801 1007")
    checked = bytes([0x22, len(constant)]) + constant + bytes([0x2A, len(source)]) + source
    tree = read_tree(bytes([0x12, len(checked)]) + checked)
    assert tree.root == Const(1, 5)
    assert tree.positions == {1: 7}
