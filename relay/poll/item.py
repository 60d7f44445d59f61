"""What one item of a list is: its name, when it happened, whether it changed, and the event that it makes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps
from relay.expression.values import Timestamp
from relay.http.document import written
from relay.moment import moment
from relay.poll.definition import Reading
from relay.poll.variables import shown
from relay.template import Unfit
from relay.text import decimal_text, key_text, type_text
from relay.view import Number

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of one item, and the same with all numbers as they were written, where that differs."""

    plain: Variables = field(repr=False)
    exact: Variables | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """An item that can be told from others."""

    id: str
    time: int | None
    digest: bytes | None
    """Of what `change` gives; None where nothing is compared."""
    scope: Scope = field(repr=False)


@dataclass(frozen=True, slots=True)
class Poison:
    """An item that cannot be used, and why."""

    id: str
    """Its own, or a digest of all of it."""
    error: str
    scope: Scope = field(repr=False)


@dataclass(frozen=True, slots=True)
class Payload:
    """What an item's event says."""

    type: str
    body: bytes = field(repr=False)


def list_item(reading: Reading, scope: Scope) -> Listed | Poison | None:
    """What the item is called and when it happened; None where `keep` does not hold."""
    name, step = None, "keep"
    try:
        if reading.keep is not None and not reading.keep.holds(scope.plain):
            return None
        step = "id"
        name = _id(reading.id, scope)
        step = "time"
        time = _time(reading.time, scope)
        step = "change"
        return Listed(name, time, _digest(reading.change, scope), scope)
    except (ExpressionError, Unfit) as error:
        return poison(scope, f"{step}: {error}", name)


def time_of(reading: Reading, scope: Scope) -> int | None:
    """When an item happened that is not kept; None where it does not say."""
    try:
        return _time(reading.time, scope)
    except (ExpressionError, Unfit):
        return None


def payload(reading: Reading, listed: Listed, *, detailed: bool = False) -> Payload | Poison:
    """Type and body of the item's event; an empty body where it is still to be asked for."""
    step = "type"
    try:
        type_ = kind(reading, listed.scope)
        step = "data"
        return Payload(type_, b"" if detailed else body(reading.data, listed.scope))
    except (ExpressionError, Unfit) as error:
        return poison(listed.scope, f"{step}: {error}", listed.id)


def kind(reading: Reading, scope: Scope) -> str:
    """The type of the item's event. Unfit, ExpressionError."""
    named = None if reading.type is None else _text(reading.type, scope)
    return type_text(named or reading.kind)


def body(data: Program, scope: Scope) -> bytes:
    """What `data` gives, as JSON, with numbers as they were written. Unfit, ExpressionError."""
    if scope.exact is not None:
        try:
            return written(data.given(scope.exact))
        except (ExpressionError, Unfit):
            # it works on numbers, or makes what is no JSON by itself
            pass
    return written(data.json(scope.plain))


def poison(scope: Scope, error: str, name: str | None) -> Poison:
    """An item that cannot be used: it keeps its name if it has one, so that it is told once."""
    if name is None:
        name = f"sha256:{hashlib.sha256(_canonical(scope.plain['item'])).hexdigest()}"
    return Poison(name, error, scope)


def poison_body(poll: str, part: str, found: Poison) -> bytes:
    """What is kept of it: where it came from, what is wrong, and all of it."""
    item = (found.scope.exact or found.scope.plain)["item"]
    told = {"poll": poll, "part": part, "error": found.error}
    try:
        return written(told | {"item": item})
    except Unfit:
        return written(told | {"item": repr(item)[: 1 << 16].encode("utf-8", "replace").decode()})


def gap_body(poll: str, part: str, since: int, until: int) -> bytes:
    """Body of a `relay.gap`: what the poll may have missed between two moments."""
    told = {"poll": poll, "from": shown(since), "to": shown(until)}
    return written(told | ({"part": part} if part else {}))


def _id(program: Program, scope: Scope) -> str:
    name = _text(program, scope)
    if not name:
        raise Unfit("there is none")
    return key_text(name)


def _text(program: Program, scope: Scope) -> str | None:
    """A text; a number as decimal, as it was written. None for null."""
    value = program.given(scope.plain)
    if type(value) is float and scope.exact is not None:
        # a double may be another number than the one that was written: two ids would be one
        value = program.given(scope.exact)
    match value:
        case None:
            return None
        case Number() | float():
            return decimal_text(str(value))
        case str():
            return value
        case int() if not isinstance(value, bool):
            return str(int(value))
    raise Unfit("is neither text nor number")


def _time(program: Program | None, scope: Scope) -> int | None:
    """Microseconds since 1970; None where it says null."""
    value = None if program is None else program.given(scope.plain)
    if value is None:
        return None
    if isinstance(value, Timestamp):
        at = value.nanos // 1_000
        if at >= 0:
            return at
    elif (read := moment(value)) is not None:
        return read
    raise Unfit("is no time since 1970")


def _digest(program: Program | None, scope: Scope) -> bytes | None:
    if program is None:
        return None
    return hashlib.blake2b(dumps(program.json(scope.plain)), digest_size=16).digest()


def _canonical(item: Any) -> bytes:
    try:
        return dumps(item)
    except ExpressionError:
        return repr(item).encode("utf-8", "replace")
