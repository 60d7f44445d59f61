"""What validation found, in plain words: a dotted path, what is wrong there, what to do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from relay.config import auth, later
from relay.config.choice import listed, meant
from relay.config.hints import ALSO_CALLED, ELSEWHERE, MISSING, SHAPES, Text
from relay.config.locate import dotted
from relay.config.schema import Config
from relay.config.table import Table
from relay.config.types import FAULT, Place
from relay.config.verify import TYPES
from relay.errors import Problem

Loc = tuple[str | int, ...]

NAMED: Final = frozenset({"source", "target", "route", "api", "enrich", "poll", "watch"})
"""Top-level tables that hold tables by name."""
TAG: Final = 3
"""How deep the tag of a union stands: after source, its name, verify."""
TAGGED: Final = {
    "source.verify": TYPES,
    "api.auth": auth.TYPES,
    "target.auth": (*auth.TYPES, "mtls"),
    "target.sign": ("standard-webhooks", "hmac"),
}
"""Keys that hold one table of several, and the types of these."""
NEEDED: Final = {
    "target": {"url"},
    "api": {"url"},
    "route": {"from", "to"},
    "enrich": {"api", "path", "put"},
    "poll": {"api", "path", "items", "id"},
    "watch": {"api", "path", "items", "id", "on", "keys"},
}
"""Keys without which their table is nothing."""
KINDS: Final = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def validate(raw: dict[str, Any], place: Place) -> tuple[Config, list[Problem]]:
    """The config of `raw`; with problems, of those of its tables that have none."""
    try:
        return _model(raw, place), []
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    return _rest(raw, faults, place), [_problem(raw, fault) for fault in faults]


def _model(raw: dict[str, Any], place: Place) -> Config:
    return Config.model_validate(raw, context=place, by_alias=True, by_name=False)


def _rest(raw: dict[str, Any], faults: list[ErrorDetails], place: Place) -> Config:
    """What is sound, for the rules to judge in the same run: without the keys at fault, else their tables."""
    try:
        return _model(_without(raw, [_cut(fault) for fault in faults]), place)
    except ValidationError:
        return _model(_without(raw, [_table(fault["loc"]) for fault in faults]), place)


def _cut(fault: ErrorDetails) -> Loc:
    """The key at fault; the whole table where it cannot be without that key."""
    table = _table(fault["loc"])
    path = fault["loc"][: len(table) + 1]
    return table if path[-1] == "[key]" or path[-1] in NEEDED.get(str(path[0]), ()) else path


def _table(loc: Loc) -> Loc:
    return loc[:2] if loc[0] in NAMED else loc[:1]


def _without(raw: dict[str, Any], paths: list[Loc]) -> dict[str, Any]:
    left: dict[str, Any] = _copy(raw, 3)
    for path in paths:
        table: Any = left
        for step in path[:-1]:
            table = table.get(step) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table.pop(path[-1], None)
    return left


def _copy(value: Any, depth: int) -> Any:
    return (
        {key: _copy(part, depth - 1) for key, part in value.items()}
        if depth and isinstance(value, dict)
        else value
    )


def _problem(raw: dict[str, Any], fault: ErrorDetails) -> Problem:
    path = resolve(fault["loc"], raw, missing=fault["type"] == "missing")
    text, hint = _words(path, raw, fault)
    if fault["type"] == "union_tag_invalid":
        path = (*path, "type")
    return Problem(dotted(path), text, hint)


def resolve(loc: Loc, raw: object, *, missing: bool) -> Loc:
    """Where in the file `loc` is: without what validation puts in between, such as the tag of a union."""
    path: list[str | int] = []
    here = raw
    for depth, step in enumerate(loc[:-1] if missing else loc):
        if depth == TAG and _key(path) in TAGGED and isinstance(here, dict) and step == here.get("type"):
            continue
        if isinstance(here, dict) and step in here:
            here = here[str(step)]
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            continue
        path.append(step)
    return (*path, loc[-1]) if missing else tuple(path)


def _key(path: Sequence[str | int]) -> str:
    """`target.auth` of a key of a named table; nothing of any other."""
    return f"{path[0]}.{path[2]}" if len(path) == 3 and path[0] in NAMED else ""


def _words(  # noqa: PLR0911  a table of answers
    path: Loc, raw: dict[str, Any], fault: ErrorDetails
) -> Text:
    context: Mapping[str, Any] = fault.get("ctx", {})
    match fault["type"]:
        case type_ if type_ == FAULT:
            return context["text"], context["hint"]
        case "missing":
            return "is missing", _missing_hint(path)
        case "extra_forbidden":
            return _unknown(path, raw)
        case "literal_error":
            return _no_choice(path, raw, context["expected"])
        case "union_tag_invalid":
            return _no_type(str(context["tag"]), TAGGED[_key(path)])
        case "union_tag_not_found":
            return "its type is missing", f"there are {', '.join(TAGGED[_key(path)])}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}", ""
        case "less_than_equal":
            return f"must be at most {context['le']:g}", ""
        case type_ if type_ in KINDS:
            return _kind(path, type_)
    return fault["msg"].lower(), ""


def _kind(path: Loc, type_: str) -> Text:
    """A value of the wrong type."""
    return SHAPES.get(_key(path)) or (KINDS[type_], "")


def _unknown(path: Loc, raw: dict[str, Any]) -> Text:
    """A key that is not there: one that comes later, or a slip of the pen."""
    key = str(path[-1])
    if path[-2:-1] == ("verify",) and key in later.VERIFY:
        return later.LATER, later.VERIFY[key]
    if len(path) == 3 and key in ELSEWHERE.get(str(path[0]), {}):
        return f"is {ELSEWHERE[str(path[0])][key]}", ""
    model = _model_at(path[:-1], raw)
    known = list(keys(model)) if model is not None else []
    return "unknown key", meant(key, known) or f"there are {', '.join(known)}"


def keys(model: type[Table]) -> Iterator[str]:
    """The keys of a table, as the file writes them."""
    for name, field in model.model_fields.items():
        yield str(field.validation_alias or name)


def _model_at(path: Loc, raw: Any) -> type[Table] | None:
    """The model of the table at `path`; of several the one whose `type` the file names."""
    model: type[Table] = Config
    for depth, step in enumerate(path):
        raw = raw[step]
        if isinstance(step, int) or (depth == 1 and path[0] in NAMED):
            continue
        found = list(_tables(_annotation(model, step)))
        chosen = found if len(found) == 1 else [table for table in found if _tag(table) == raw.get("type")]
        if not chosen:
            return None
        model = chosen[0]
    return model


def _annotation(model: type[Table], key: str | int) -> Any:
    fields = model.model_fields.items()
    return next((field.annotation for name, field in fields if (field.validation_alias or name) == key), None)


def _tag(table: type[Table]) -> object:
    return table.model_fields["type"].default


def _tables(annotation: Any) -> Iterator[type[Table]]:
    """The tables that an annotation allows."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, dict, tuple) or hasattr(annotation, "__metadata__"):
        for part in get_args(annotation):
            yield from _tables(part)


def _no_choice(path: Loc, raw: Any, expected: str) -> Text:
    """`expected` is the validator's list of words, in single quotes."""
    for step in path:
        raw = raw[step]
    words = re.findall("'([^']*)'", expected)
    if not isinstance(raw, str):
        return "must be text in quotes", f"there are {listed(words)}"
    if path[-1] == "provider" and raw in ALSO_CALLED:
        return f"there is no {listed([raw])}", f'it is provider = "{ALSO_CALLED[raw]}"'
    known = "relay providers lists them" if path[-1] == "provider" else f"there are {listed(words)}"
    return f"there is no {listed([raw])}", meant(raw, words) or known


def _no_type(tag: str, types: Sequence[str]) -> Text:
    return f"there is no {listed([tag])}", meant(tag, types) or f"there are {', '.join(types)}"


def _missing_hint(path: Loc) -> str:
    return MISSING.get(f"{path[0]}.{path[-1]}") or MISSING.get(str(path[-1]), "")
