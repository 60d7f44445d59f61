"""By which names an event is known: `id`, `also`, `type` and `time` of a source's table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from relay.clock import rfc3339
from relay.config.schema import SourceConfig
from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.values import Timestamp
from relay.moment import moment
from relay.receive.faults import Faults
from relay.receive.providers.protocol import Identity, Request
from relay.text import decimal_text, key_text, type_text
from relay.view import Number, View


@dataclass(frozen=True, slots=True)
class Names:
    """Where the names stand in a request. What is left out, or not there, is as the provider says."""

    id: tuple[Program, ...] = ()
    """The first that is there."""
    also: tuple[Program, ...] = ()
    """All that are there."""
    type: tuple[Program, ...] = ()
    time: tuple[Program, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.id or self.also or self.type or self.time)

    @property
    def loops(self) -> bool:
        return any(program.loops for program in (*self.id, *self.also, *self.type, *self.time))

    def of(self, request: Request, own: Identity) -> Identity:
        """What `request` says of its event, `own` where it says nothing."""
        view = request.view
        named, kind, occurred = _first(self.id, view), _first(self.type, view), _time(self.time, view)
        key = own.key if named is None else key_text(named)
        also = (self._also(view) if self.also else ()) or own.also
        return Identity(
            key,
            own.type if kind is None else type_text(kind),
            own.occurred if occurred is None else occurred,
            tuple([name for name in also if name != key]) if also else (),
        )

    def _also(self, view: View) -> tuple[str, ...]:
        found = [text(program, view) for program in self.also]
        return tuple(dict.fromkeys([key_text(name) for name in found if name is not None]))


def _first(programs: tuple[Program, ...], view: View) -> str | None:
    """The first that is there."""
    for program in programs:
        if (found := text(program, view)) is not None:
            return found
    return None


def _time(programs: tuple[Program, ...], view: View) -> int | None:
    """The moment it names, in microseconds since 1970; None if it names none."""
    for program in programs:
        value = _value(program, view)
        at = moment(rfc3339(value.nanos // 1_000)) if isinstance(value, Timestamp) else moment(value)
        if at is not None:
            return at
    return None


def text(program: Program, view: View) -> str | None:
    """The string it gives, a number as decimal; None for what is missing, null, empty, or something else."""
    value = _value(program, view)
    if type(value) is float:
        # two long numbers would be one: it is read again, as it was written
        value = _exact(program, view, value)
    if isinstance(value, str):
        return value or None
    return str(int(value)) if isinstance(value, int) and not isinstance(value, bool) else None


def _value(program: Program, view: View) -> Any:
    """What cannot be had, for whatever reason, is not there; an optional is what it holds."""
    try:
        return program.given(view)
    except ExpressionError:
        return None


def _exact(program: Program, view: View, value: float) -> str:
    written = _value(program, view.exact()) if "body" in program.names else None
    return decimal_text(written if isinstance(written, Number) else repr(value))


@cache
def environment() -> Environment:
    """What a request's expressions may name."""
    return Environment(
        {"body": "dyn", "headers": "map(string, string)", "query": "map(string, string)", "digest": "string"}
    )


def names(source: SourceConfig, faults: Faults) -> Names:
    """The names that a source's table tells; what is not understood is a fault."""
    return Names(
        id=_programs("id", source.id, faults, TEXTS),
        also=_programs("also", source.also, faults, TEXTS),
        type=_programs("type", source.type, faults, TEXTS),
        time=_programs("time", source.time, faults, TEXTS | {"timestamp"}),
    )


TEXTS: Final = frozenset({"string", "int", "uint", "double", "optional_type"})


def _programs(key: str, texts: Sequence[str], faults: Faults, gives: frozenset[str]) -> tuple[Program, ...]:
    found = [compiled(key, text, faults, gives) for text in texts]
    return tuple(program for program in found if program is not None)


HINT: Final = 'CEL over body, headers, query and digest, such as body.id or headers["x-request-id"]'


def compiled(key: str, text: str, faults: Faults, gives: frozenset[str]) -> Program | None:
    """The program of one expression of the table; every error in it is a fault at `key`.

    `gives`: the types that are of use there.
    """
    try:
        program = environment().compile(text)
    except CompileError as error:
        for problem in error.problems:
            line = f"line {problem.line}, " if "\n" in text else ""
            faults.add(key, f"{text!r}: {problem.text}, at {line}column {problem.column}", HINT)
        return None
    if program.type not in gives | {"dyn"}:
        known = ", ".join(sorted(gives - {"optional_type"}))
        faults.add(key, f"{text!r} always gives {program.type}", f"of use here: {known}")
        return None
    return program
