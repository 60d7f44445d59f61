"""Presets as a user names them: loaded from a file, compiled, and read over an answer."""

from pathlib import Path
from typing import Any, Final

import orjson

from relay.config.load import load
from relay.config.preset import presets
from relay.config.schema import Config
from relay.expression.values import Timestamp
from relay.http.response import Response
from relay.poll.definition import Poll
from relay.poll.item import Listed, Payload, list_item, payload
from relay.poll.open import Definitions, open_polls
from relay.poll.page import Page, read_page
from tests.clock import START

EACH: Final = {
    "github-events": {"repo": ["octo/hello"]},
    "github-issues": {"repo": ["octo/hello"]},
    "github-deliveries": {"repo": ["octo/hello"], "hook": ["42"]},
    "slack-messages": {"channel": ["C024BE91L"]},
}
"""What only their user knows."""
SOURCES: Final = ("stripe", "github", "slack", "zoom", "shopify")
NAMES: Final = [name for name, file in presets().items() if "poll" in file]
"""The presets of polls."""
VARIABLES: Final = {
    "since": Timestamp((START - 600_000_000) * 1000),
    "until": Timestamp(START * 1000),
    "now": Timestamp(START * 1000),
    "cursor": Timestamp(START * 1000),
}


class _Any(dict[str, str]):
    """An environment in which each variable is set."""

    def get(self, _name: str, _default: object = None) -> str:
        return "a-secret-of-the-tests"


def text(*names: str, keys: str = "") -> str:
    """A file with all sources and these presets, each with the same keys of its own."""
    lines = [f'[source.{name}]\nprovider = "{name}"\nsecret = {{ env = "S" }}' for name in SOURCES]
    lines.append('[source.paypal]\nprovider = "paypal"\nwebhook_id = "1"')
    for name in names:
        kind = "watch" if name == "fedex" else "poll"
        lines.append(f'[{kind}.{name}]\npreset = "{name}"\n{keys}')
        if name in EACH:
            lists = ", ".join(f"{key} = {values}" for key, values in EACH[name].items())
            lines.append(f"each = {{ {lists} }}")
        if "shopify" in name and "[api.shopify]" not in "".join(lines):
            lines.append('[api.shopify]\nurl = "https://shop.example/admin/api/2025-07"')
    return "\n".join(lines)


def config(folder: Path, *names: str, keys: str = "") -> Config:
    """The config of a file with these presets."""
    file = folder / "relay.toml"
    file.write_text(text(*names, keys=keys))
    return load(file, environ=_Any()).config


def opened(folder: Path, *names: str, keys: str = "") -> Definitions:
    """Their definitions, which are in order."""
    definitions, problems = open_polls(config(folder, *names, keys=keys))
    assert problems == []
    return definitions


def page(poll: Poll, document: Any, **each: str) -> Page:
    """What the poll reads in an answer of JSON."""
    variables = {**VARIABLES, "each": each or poll.parts[0].each}
    response = Response(200, {}, orjson.dumps(document), "https://api.example/x", START)
    return read_page(poll.reading, response, variables, 1)


def listed(poll: Poll, document: Any, **each: str) -> list[tuple[str, str, Any]]:
    """Id, type and body of what is kept of an answer."""
    found = [list_item(poll.reading, scope) for scope in page(poll, document, **each).scopes()]
    return [_event(poll, one) for one in found if one is not None]


def _event(poll: Poll, one: object) -> tuple[str, str, Any]:
    assert isinstance(one, Listed), one
    made = payload(poll.reading, one)
    assert isinstance(made, Payload), made
    return one.id, made.type, orjson.loads(made.body)
