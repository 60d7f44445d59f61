"""Expressions and templates of a table that asks an api: compiled once, or all that is wrong there."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from relay.config.locate import dotted
from relay.config.request import RequestConfig
from relay.config.routes import told
from relay.errors import Problem
from relay.expression.environment import Environment, Program
from relay.expression.errors import CompileError
from relay.http.question import RequestTemplate
from relay.http.verdict import EXPRESSIONS
from relay.template import OPEN, Template, template

T = TypeVar("T")
Scope: TypeAlias = Callable[[str], tuple[Environment, str]]
"""By stage: what may be named there, and the same in words, for a hint."""
VERDICT_HINT: Final = "CEL over status, headers, body"


class Compiler:
    """Compiles what stands at the keys of one table; what is wrong with it is a problem there."""

    def __init__(self, path: tuple[str, ...], scope: Scope) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._scope = scope

    def program(self, key: tuple[str, ...], text: str, stage: str) -> Program | None:
        return self._compiled(key, text, stage, Environment.compile)

    def optional(self, key: str, text: str | None, stage: str) -> Program | None:
        return None if text is None else self.program((key,), text, stage)

    def template(self, key: tuple[str, ...], text: str, stage: str) -> Template:
        made = self._compiled(key, text, stage, lambda scope, text: template(text, scope))
        return made or Template(())

    def tree(self, key: tuple[str, ...], value: Any, stage: str) -> Any:
        """Every text in it that holds an expression as a template; all else as it stands."""
        match value:
            case str():
                return self.template(key, value, stage) if OPEN in value else value
            case dict():
                return {name: self.tree((*key, name), part, stage) for name, part in value.items()}
            case list() | tuple():
                return [self.tree(key, part, stage) for part in value]
        return value

    def verdict(self, key: str, text: str | None) -> Program | None:
        """`check` or `wait`: the api's own variables, not the table's."""
        if text is None:
            return None
        try:
            return EXPRESSIONS.compile(text)
        except CompileError as error:
            self.problems += told((*self._path, key), error, text, VERDICT_HINT)
            return None

    def refuse(self, key: str, text: str, hint: str) -> None:
        """What compiles, and is wrong all the same."""
        self.problems.append(Problem(dotted((*self._path, key)), text, hint))

    def _compiled(
        self, key: tuple[str, ...], text: str, stage: str, compile_text: Callable[[Environment, str], T]
    ) -> T | None:
        scope, hint = self._scope(stage)
        try:
            return compile_text(scope, text)
        except CompileError as error:
            self.problems += told((*self._path, *key), error, text, hint)
            return None


def request_template(config: RequestConfig, found: Compiler) -> RequestTemplate:
    """The request that a table writes down; its stage is `request`."""
    return RequestTemplate(
        config.method,
        found.template(("path",), config.path, "request"),
        found.tree(("query",), config.query, "request"),
        found.tree(("headers",), config.headers, "request"),
        found.tree(("json",), config.json_body, "request"),
        found.tree(("form",), config.form, "request") if config.form else None,
    )
