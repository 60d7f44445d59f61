"""Presets of polls and watches: tables that relay brings, merged under those of the file before it is judged.

Each is a file of its name in `relay/poll/presets`, in the words of a user's own: its table, and the [api]
that it asks. What the file says in either replaces the preset's, key by key.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from relay.config.choice import listed, meant
from relay.config.locate import Lines, dotted, split
from relay.config.types import quoted
from relay.errors import Problem

FOLDER: Final = files("relay") / "poll" / "presets"
KINDS: Final = ("poll", "watch")
YOURS: Final = {"api.shopify.url": 'url = "https://SHOP.myshopify.com/admin/api/2025-07", of your shop'}
"""What no preset can know, and how it is written."""
MISSING: Final = "is missing"
Raw = dict[str, Any]
Steps = tuple[str | int, ...]


@cache
def presets() -> Mapping[str, Raw]:
    """Every preset's file, by name."""
    found = sorted((file.name, file.read_text()) for file in FOLDER.iterdir() if file.name.endswith(".toml"))
    return {name.removesuffix(".toml"): tomllib.loads(text) for name, text in found}


def names(kind: str) -> list[str]:
    """The presets of polls, or those of watches."""
    return [name for name, file in presets().items() if kind in file]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose a key is that stands in no line of the file."""

    preset: str
    at: str
    """The dotted path of the key that names the preset."""


@dataclass
class Merged:
    """A file with its presets: `raw` is what it comes to."""

    raw: Raw = field(repr=False)
    problems: list[Problem] = field(default_factory=list)
    _origins: dict[Steps, Origin] = field(default_factory=dict)
    _nameless: set[str] = field(default_factory=set)
    """Tables whose preset there is not: what they lack is no news."""

    def told(self, problems: Iterable[Problem], lines: Lines) -> tuple[Problem, ...]:
        """What is wrong, with its lines: of a preset's key at the line that names the preset."""
        return lines.place(self._told(problem, lines) for problem in problems if not self._follows(problem))

    def _follows(self, problem: Problem) -> bool:
        return problem.text == MISSING and problem.path.rpartition(".")[0] in self._nameless

    def _told(self, problem: Problem, lines: Lines) -> Problem:
        if problem.text == MISSING:
            problem = replace(problem, hint=YOURS.get(problem.path, problem.hint))
        steps = split(problem.path)
        for end in range(len(steps), 0, -1):
            if (origin := self._origins.get(steps[:end])) is not None:
                text = f"{problem.text}, in preset {quoted(origin.preset)}"
                return replace(problem, text=text, line=lines.locate(origin.at))
        return problem

    # merging

    def bring(self, kind: str, name: str) -> None:
        """Lay the preset that a table names under it, and its api under the file's."""
        own, at = self.raw[kind][name], dotted([kind, name, "preset"])
        word = own["preset"]
        if not isinstance(word, str) or word not in names(kind):
            self._nameless.add(dotted([kind, name]))
            self.problems += [_unknown(kind, word, at)] if isinstance(word, str) else []
            return
        origin, file = Origin(word, at), presets()[word]
        self._lay((kind, name), file[kind][word], origin)
        for api, table in file["api"].items():
            if self.raw[kind][name]["api"] == api and isinstance(self.raw.setdefault("api", {}), dict):
                self._lay(("api", api), table, origin)

    def _lay(self, path: tuple[str, str], preset: Raw, origin: Origin) -> None:
        kind, name = path
        own = self.raw[kind].get(name)
        if own is None:
            self._origins[path] = origin
            own = {}
        if isinstance(own, dict):
            self._origins.update({(*path, key): origin for key in preset.keys() - own.keys()})
            self.raw[kind][name] = preset | own


def merge(raw: Raw) -> Merged:
    """The file with its presets laid under it, and those that there are not; `raw` stays as it is."""
    merged = Merged(
        {key: dict(table) if key in {"api", *KINDS} and isinstance(table, dict) else table
         for key, table in raw.items()}
    )  # fmt: skip
    for kind in KINDS:
        for name in list(_naming(raw, kind)):
            merged.bring(kind, name)
    return merged


def _naming(raw: Raw, kind: str) -> Iterator[str]:
    """The tables that name a preset."""
    tables = raw.get(kind)
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict) and "preset" in table:
            yield name


def _unknown(kind: str, word: str, at: str) -> Problem:
    for other in KINDS:
        if other != kind and word in names(other):
            return Problem(at, f"{quoted(word)} is a preset of [{other}.NAME]", f"[{other}.{word}]")
    known = names(kind)
    return Problem(
        at, f"there is no preset {quoted(word)}", meant(word, known) or f"there are {listed(known)}"
    )
