"""Presets: what relay knows of a sender by name, as data. Each is `NAME.toml` beside this file.

`[source]` is written in the words of a user's own `[source.NAME]`; what a user sets there replaces it, key by
key. The rest says what such words cannot: how it is introduced, and what its requests always have.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from relay.config.schema import SourceConfig
from relay.config.table import Table

Alternatives = Annotated[
    tuple[str, ...], BeforeValidator(lambda name: [name] if isinstance(name, str) else name)
]
"""Names of headers, any one of which will do."""


class SampleTable(Table):
    """An event as its sender posts it, with `{{placeholders}}` for what is new each time (see `sample`)."""

    type: str
    body: str
    content_type: str = "application/json"
    headers: dict[str, str] = Field(default={})
    query: str = ""


class Setup(Table):
    """What `relay providers NAME` prints."""

    config: str
    """Lines to paste."""
    enter: str
    """What to do at the provider's page; `{url}` is the source's address."""


class Preset(Table):
    """One file."""

    title: str
    """The sender's own name."""
    needs: str
    """What its user has to have, in a few words."""
    empty: bool = False
    """An empty body is a body; else it is refused with 400."""
    json_body: bool = Field(default=False, alias="json")
    """A body that is no JSON is refused with 400."""
    keyed: bool = False
    """What has no id is refused with 400."""
    headers: tuple[Alternatives, ...] = ()
    """What its requests always have; without, they are refused with 400."""
    setup: Setup
    source: SourceConfig = SourceConfig()
    sample: Annotated[tuple[SampleTable, ...], Field(min_length=1)]


FOLDER: Final = files(__package__)


@cache
def preset(name: str) -> Preset:
    """The preset of that name; KeyError if there is none."""
    file = FOLDER / f"{name}.toml"
    if not file.is_file():
        raise KeyError(name)
    return Preset.model_validate(tomllib.loads(file.read_text("utf-8")), by_alias=True, by_name=False)


def presets() -> Iterator[tuple[str, Preset]]:
    """All there are, by name."""
    for name in sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".toml")):
        yield name.removesuffix(".toml"), preset(name.removesuffix(".toml"))


def merged(own: SourceConfig, known: SourceConfig) -> SourceConfig:
    """A user's table over a preset's, key by key; names are left to `Names`, which asks both."""
    words = {key: getattr(known, key) for key in WORDS if key not in own.model_fields_set}
    limits = {key: getattr(known, key) for key in LIMITS if getattr(own, key) is None}
    return own.model_copy(update=words | limits)


WORDS: Final = ("verify", "handshake")
LIMITS: Final = ("ack_timeout", "max_body")
