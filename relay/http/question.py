"""What an api is asked, as the file writes it: rendered with what is known, merged with what `next` gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from relay.expression.environment import Program
from relay.http.ask import Ask, Form, Json
from relay.template import Template, Unfit, Variables, as_text

MERGED: Final = frozenset({"query", "headers", "json", "form"})
"""What `next` may give anew: never the path, never the host."""
Pairs = tuple[tuple[str, str], ...]


class _Nothing:
    """What a null leaves behind: the value is left out."""


_NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Question:
    """One question, rendered. `url` is a path to be appended to the api's, or an address of `next`."""

    method: str
    url: str
    query: Pairs = ()
    headers: Pairs = field(default=(), repr=False)
    json: Any = None
    form: Pairs | None = None

    def ask(self, manner: Ask, headers: Pairs = ()) -> Ask:
        """It as it is put to an api; `manner`: what all that one asks has in common."""
        content = Form(self.form) if self.form is not None else None
        return replace(
            manner,
            at=self.url,
            query=self.query,
            method=self.method,
            headers=(*self.headers, *headers),
            content=content if self.json is None else Json(self.json),
        )

    def merged(self, change: Mapping[str, Any]) -> "Question":
        """A request with the values of `change` in the place of its own. Unfit."""
        unknown = change.keys() - MERGED
        if unknown:
            raise Unfit(f"next gives {', '.join(sorted(map(str, unknown)))}: it may change {listed(MERGED)}")
        return replace(
            self,
            query=_replaced(self.query, change.get("query"), "query"),
            headers=_replaced(self.headers, change.get("headers"), "headers"),
            form=_replaced(self.form or (), change["form"], "form") if "form" in change else self.form,
            json=_deep(self.json, change["json"]) if "json" in change else self.json,
        )


def listed(names: frozenset[str]) -> str:
    """The names in a stable order, for people."""
    return ", ".join(sorted(names))


def _replaced(pairs: Pairs, change: Any, part: str) -> Pairs:
    """The pairs of `change` stand where those of the same name stood; null takes them out."""
    if change is None:
        return pairs
    if not isinstance(change, dict):
        raise Unfit(f"next gives a {part} that is no map")
    same = str.lower if part == "headers" else str
    mine = {same(str(name)) for name in change}
    kept = tuple(pair for pair in pairs if same(pair[0]) not in mine)
    return kept + tuple(pair for name, value in change.items() for pair in _pairs(str(name), value))


def _deep(value: Any, change: Any) -> Any:
    if not (isinstance(value, dict) and isinstance(change, dict)):
        return change
    return value | {key: _deep(value.get(key), part) for key, part in change.items()}


def _pairs(name: str, value: Any) -> Pairs:
    """A parameter; a list repeats it, null leaves it out."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple((name, as_text(one)) for one in values if one is not None)


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A question before it is rendered: texts are templates, all else stands as it is."""

    method: str
    path: Template
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None

    @property
    def names(self) -> frozenset[str]:
        """The variables that any part of it uses."""
        parts = (self.path, self.query, self.headers, self.json, self.form)
        return frozenset[str]().union(*(_names(part) for part in parts))

    def render(self, variables: Variables) -> Question:
        """The question with these variables. Unfit, ExpressionError."""
        return Question(
            self.method,
            self.path.path(variables),
            _params(self.query, variables),
            _headers(self.headers, variables),
            _rendered(self.json, variables),
            None if self.form is None else _params(self.form, variables),
        )


def _names(value: Any) -> frozenset[str]:
    if isinstance(value, Template):
        return value.names
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return frozenset[str]().union(*map(_names, inner))


def _params(params: Mapping[str, Any], variables: Variables) -> Pairs:
    return tuple(pair for name, value in params.items() for pair in _param(name, value, variables))


def _param(name: str, value: Any, variables: Variables) -> Pairs:
    if isinstance(value, list | tuple):
        return tuple(pair for one in value for pair in _param(name, one, variables))
    return _pairs(name, _scalar(value, variables))


def _headers(headers: Mapping[str, Any], variables: Variables) -> Pairs:
    made = _params(headers, variables)
    for name, value in made:
        if not value.isprintable():
            raise Unfit(f"the header {name} would hold a control character")
    return made


def _scalar(value: Any, variables: Variables) -> Any:
    """A value of a parameter: of exactly one `${}` what it gives, a list too."""
    if not isinstance(value, Template):
        return value
    return value.text(variables) if value.single is None else value.single.given(variables)


def _rendered(value: Any, variables: Variables) -> Any:
    """A part of the JSON, with what is null taken out of lists and maps."""
    made = _json(value, variables)
    return None if made is _NOTHING else made


def _json(value: Any, variables: Variables) -> Any:
    match value:
        case Template():
            made = _typed(value.single, variables) if value.single else value.text(variables)
            return _NOTHING if made is None else made
        case dict():
            parts = {key: _json(part, variables) for key, part in value.items()}
            return {key: part for key, part in parts.items() if part is not _NOTHING}
        case list() | tuple():
            return [part for one in value if (part := _json(one, variables)) is not _NOTHING]
    return value


def _typed(program: Program, variables: Variables) -> Any:
    return program.json(variables)
