"""Which lists of `each` a poll's expressions name: one that is not there fails at load, not in each pass."""

import re
from collections.abc import Iterator
from typing import Any, Final

from relay.config.locate import dotted
from relay.config.poll import PollConfig
from relay.config.types import quoted
from relay.errors import Problem
from relay.template import pieces

_STRING: Final = r"""'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_NAMED: Final = re.compile(rf"(?P<text>{_STRING})|(?<![\w.])each\.(?P<name>[A-Za-z_]\w*)", re.DOTALL)
EXPRESSIONS: Final = ("items", "id", "type", "time", "data", "keep", "change", "next")
TEMPLATES: Final = ("path", "query", "headers", "json_body", "form")


def lacking(name: str, config: PollConfig) -> Iterator[Problem]:
    """One problem, where a list is named that `each` has not."""
    missing = [each for each in dict.fromkeys(_named(config)) if each not in config.each]
    if missing:
        lists = ", ".join(f'{each} = ["…"]' for each in [*config.each, *missing])
        text = f"has no {' and no '.join(quoted(each) for each in missing)}, which its expressions name"
        yield Problem(dotted(["poll", name, "each"]), text, f"each = {{ {lists} }}")


def _named(config: PollConfig) -> Iterator[str]:
    for text in _texts(config):
        yield from (found["name"] for found in _NAMED.finditer(text) if found["name"])


def _texts(config: PollConfig) -> Iterator[str]:
    """Every expression of the table. A template that is none is told by whoever compiles it."""
    detail = config.detail
    templates = [getattr(config, key) for key in TEMPLATES]
    if detail is not None:
        templates += [detail.path, detail.query]
        yield detail.data
    yield from (text for key in EXPRESSIONS if isinstance(text := getattr(config, key), str))
    for template in _strings(templates):
        try:
            yield from (expression for _, expression in pieces(template) if expression is not None)
        except ValueError:
            continue


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from _strings(list(value.values()))
        case list() | tuple():
            for part in value:
                yield from _strings(part)
