"""Which macro a fold was: by the shapes that the checker's parser gives them."""

from enum import Enum, auto

from relay.expression.tree import Call, Const, Fold, Ident, Listing, Node


class Shape(Enum):
    """What a fold does."""

    BIND = auto()
    """`cel.bind`: gives a value a name."""
    MAP = auto()
    FILTER = auto()
    """Also `map` with a condition."""
    EXISTS = auto()
    ALL = auto()
    EXISTS_ONE = auto()
    OTHER = auto()


def shape_of(fold: Fold) -> tuple[Shape, tuple[Node, ...]]:
    """The shape, and the nodes that are evaluated at each step."""
    match fold:
        case Fold(range=Listing(elements=()), condition=Const(value=False), step=Ident(name=name)) if (
            name == fold.accumulator
        ):
            return Shape.BIND, (fold.result,)
        case Fold(start=Listing(elements=()), condition=Const(value=True), result=Ident()):
            return _collecting(fold)
        case Fold(start=Const(value=bool()), result=Ident()):
            return _deciding(fold)
        case Fold(start=Const(value=0), condition=Const(value=True), result=Call(function="_==_")):
            return _counting(fold)
    return _other(fold)


def _collecting(fold: Fold) -> tuple[Shape, tuple[Node, ...]]:
    """`map` and `filter`: lists that grow by one."""
    match fold.step:
        case Call(function="_+_", arguments=(Ident(name=name), Listing(elements=(item,)))) if (
            name == fold.accumulator
        ):
            return Shape.MAP, (item,)
        case Call(
            function="_?_:_",
            arguments=(
                test,
                Call(function="_+_", arguments=(Ident(name=name), Listing(elements=(item,)))),
                Ident(name=other),
            ),
        ) if name == other == fold.accumulator:
            return Shape.FILTER, (test, item)
    return _other(fold)


def _deciding(fold: Fold) -> tuple[Shape, tuple[Node, ...]]:
    """`exists` and `all`: a bool that ends the loop once it is sure."""
    match fold.start, fold.step:
        case Const(value=False), Call(function="_||_", arguments=(Ident(name=name), test)) if (
            name == fold.accumulator
        ):
            return Shape.EXISTS, (test,)
        case Const(value=True), Call(function="_&&_", arguments=(Ident(name=name), test)) if (
            name == fold.accumulator
        ):
            return Shape.ALL, (test,)
    return _other(fold)


def _counting(fold: Fold) -> tuple[Shape, tuple[Node, ...]]:
    """`exists_one`: a number that must come out as 1."""
    match fold.step:
        case Call(
            function="_?_:_",
            arguments=(
                test,
                Call(function="_+_", arguments=(Ident(name=name), Const(value=1))),
                Ident(name=other),
            ),
        ) if name == other == fold.accumulator:
            return Shape.EXISTS_ONE, (test,)
    return _other(fold)


def _other(fold: Fold) -> tuple[Shape, tuple[Node, ...]]:
    return Shape.OTHER, (fold.condition, fold.step, fold.result)
