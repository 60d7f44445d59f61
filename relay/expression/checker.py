"""The official parser and type checker (cel-expr-python), used at load and never to evaluate.

It is imported when the first expression is compiled: a daemon without expressions does not pay for it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from relay.expression.errors import CompileError, Fault
from relay.expression.nulls import Typed
from relay.expression.own import RAW, SIGNATURES

if TYPE_CHECKING:
    from cel_expr_python import cel

_FAULT: Final = re.compile(r"^ERROR: <input>:(-?\d+):(-?\d+): ", re.MULTILINE)
_STATUS: Final = re.compile(r"\A(?!ERROR:)[A-Z_]+: | \[[A-Z_]+\]\s*\Z")
_PICTURE: Final = re.compile(r"^ \|.*$", re.MULTILINE)
_CONTAINER: Final = " (in container '')"
_WORD: Final = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*")
_HALF: Final = re.compile("[\ud800-\udfff]")
"""What no UTF-8 has."""
_PLAIN: Final = {
    "dyn": "DYN",
    "bool": "BOOL",
    "int": "INT",
    "uint": "UINT",
    "double": "DOUBLE",
    "string": "STRING",
    "bytes": "BYTES",
    "null": "NULL",
    "timestamp": "TIMESTAMP",
    "duration": "DURATION",
}


class Checker:
    """Checks texts over variables of known types."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        from cel_expr_python import cel  # noqa: PLC0415 (see above)

        types = {name: type_of(cel, word) for name, word in variables.items()}
        self._env = cel.NewEnv(variables=types, extensions=extensions(), functions=declarations(cel))

    def check(self, typed: Typed) -> tuple[bytes, str]:
        """The checked tree of a text, serialised, and the word of its type (`dyn`, `map`, `optional_type`).

        CompileError with all that is wrong with it.
        """
        if (half := _HALF.search(typed.text)) is not None:
            raise CompileError([Fault("half a character", *typed.place(half.start()))])
        try:
            checked = self._env.compile(typed.text)
            return bytes(checked.serialize()), str(checked.return_type()).partition("<")[0].lower()
        except RuntimeError as error:
            raise CompileError([_placed(fault, typed) for fault in faults(str(error))]) from None


def _placed(fault: Fault, typed: Typed) -> Fault:
    """At its place in the text as it was written."""
    line, column = typed.place(offset(typed.text, fault.line, fault.column))
    return Fault(fault.text, line, column)


def extensions() -> list[Any]:
    """CEL's optional, string, math, encoder and binding extensions."""
    from cel_expr_python.ext import (  # noqa: PLC0415 (see above)
        ext_bindings,
        ext_encoders,
        ext_math,
        ext_optional,
        ext_strings,
    )

    return [
        # version 2 has a `last` that is not ours
        ext_optional.ExtOptional(1),
        ext_strings.ExtStrings(),
        ext_math.ExtMath(),
        ext_encoders.ExtEncoders(),
        ext_bindings.ExtBindings(),
    ]


def declarations(cel: Any) -> "list[cel.FunctionDecl]":
    """The functions of relay's own, without what they do."""
    return [declaration(cel, name, overloads) for name, overloads in SIGNATURES.items()]


def declaration(cel: Any, name: str, overloads: Sequence[Sequence[str]]) -> "cel.FunctionDecl":
    """One function; its result is anything, for it may be null."""
    result = cel.Type.AbstractType(RAW) if name == "raw" else cel.Type.DYN
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                f"{name}_{len(words)}",
                return_type=result,
                parameters=[type_of(cel, word) for word in words],
                is_member=False,
            )
            for words in overloads
        ],
    )


def type_of(cel: Any, word: str) -> "cel.Type":
    """The type of a word: `dyn`, `string`, `list`, `list(int)`, `map`, `map(string, dyn)` and the like."""
    found = _WORD.fullmatch(word)
    name, inner = (found[1], found[2]) if found else (word, None)
    if name in _PLAIN and inner is None:
        return getattr(cel.Type, _PLAIN[name])
    if name == "list":
        return cel.Type.List(type_of(cel, inner or "dyn"))
    if name == "map":
        key, _, value = (inner or "string, dyn").partition(",")
        return cel.Type.Map(type_of(cel, key), type_of(cel, value))
    raise ValueError(f"no type: {word!r}")


def faults(message: str) -> list[Fault]:
    """Every fault that the library tells of, without its picture of the line."""
    text = _STATUS.sub("", message)
    pieces = _FAULT.split(text)
    if len(pieces) == 1:
        return [Fault(text.strip())]
    found = zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True)
    return list(dict.fromkeys(fault(int(line), int(column), said) for line, column, said in found))


def fault(line: int, column: int, said: str) -> Fault:
    """One fault; where the library knows no place it is the beginning."""
    plain = _PICTURE.sub("", said).replace(_CONTAINER, "").strip()
    return Fault(plain, max(line, 1), max(column, 1))


def offset(text: str, line: int, column: int) -> int:
    """Where a line and column, from 1, is in a text."""
    lines = text.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
