"""What a page of the documents shows: its files, what to type, and what comes out.

A page is written for people, and its parts are told by how they stand there: a block in a fence, its
language, and the line above it. In what comes out `…` is any word.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

ANYTHING: Final = "…"
_WORD: Final = r"[^\s\",]+"
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE: Final = re.compile(r"^(?=\[)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What stands in a fence; `above`: the line before it."""

    language: str
    text: str
    above: str


@dataclass(frozen=True)
class Shown:
    """A request, an answer or a message: its first line, its headers, its body."""

    line: str
    headers: dict[str, str]
    body: str

    @classmethod
    def read(cls, text: str) -> "Shown":
        head, _, body = text.rstrip("\n").partition("\n\n")
        line, *lines = head.split("\n")
        return cls(line, dict(each.split(": ", 1) for each in lines), body)

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]

    @property
    def host(self) -> str:
        return self.headers["Host"]


@dataclass
class Exchange:
    """A request that arrives somewhere, and what is answered to it there: 200, unless the page says so."""

    request: Shown
    answer: Shown


TAKEN: Final = Shown("HTTP/1.1 200 OK", {}, "")


class Page:
    """One of them, as it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()
        self.blocks = list(_blocks(self.text))

    def of(self, language: str) -> list[str]:
        return [block.text for block in self.blocks if block.language == language]

    @property
    def file(self) -> str:
        """The configuration: the first TOML."""
        return self.of("toml")[0]

    @property
    def variants(self) -> list[str]:
        """The configuration with the tables of each further TOML in place of its own."""
        return [_replaced(self.file, more) for more in self.of("toml")[1:]]

    @property
    def given(self) -> dict[str, str]:
        """Files that the reader makes, by name."""
        return dict(self._named(r".*`([\w.-]+)`:"))

    @property
    def held(self) -> dict[str, str]:
        """What files hold in the end, by name."""
        return dict(self._named(r".*`([\w.-]+)` holds:"))

    def _named(self, pattern: str) -> Iterator[tuple[str, str]]:
        for block in self.blocks:
            if block.language != "toml" and (found := re.fullmatch(pattern, block.above)):
                yield found[1], block.text

    @property
    def commands(self) -> list[list[str]]:
        """What is typed, in words."""
        lines = [line for text in self.of("console") for line in text.splitlines()]
        return [words for line in lines if (words := shlex.split(line, comments=True))]

    @property
    def exports(self) -> dict[str, str]:
        """What the shell is told."""
        words = [word for command in self.commands if command[0] == "export" for word in command[1:]]
        return dict(word.split("=", 1) for word in words)

    @cached_property
    def exchanges(self) -> list[Exchange]:
        """What goes over HTTP, in its order."""
        found: list[Exchange] = []
        for text in self.of("http"):
            shown = Shown.read(text)
            if shown.line.startswith("HTTP/"):
                found[-1].answer = shown
            else:
                found.append(Exchange(shown, TAKEN))
        return found

    @property
    def dry_run(self) -> str | None:
        """What the dry run says, where it is shown."""
        return next((block.text for block in self.blocks if block.above == "The dry run says:"), None)

    @property
    def messages(self) -> list[Shown]:
        """What arrives at a broker."""
        return [Shown.read(f"MSG\n{text}") for text in self.of("text") if text.startswith("Subject: ")]


def _blocks(text: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(text):
        above = text[: found.start()].rstrip("\n").rpartition("\n")[2]
        yield Block(found[1], found[2], above)


def _replaced(file: str, more: str) -> str:
    """`file` with `more`; a table stands for its own tables, too: [target.a] for [target.a.auth]."""
    tables = [table for table in _TABLE.split(file) if table]
    for new in (table for table in _TABLE.split(more) if table):
        name = _name(new)
        tables = [table for table in tables if not f"{_name(table)}.".startswith(f"{name}.")]
        tables.append(new)
    return "\n".join(tables)


def _name(table: str) -> str:
    return table.partition("\n")[0].partition("]")[0].strip("[")


def is_like(found: str, shown: str) -> bool:
    """Whether a text is what a page shows; JSON over several lines is laid out for the reader."""
    if shown.startswith("{\n"):
        try:
            return _is_like_json(json.loads(found), json.loads(shown))
        except ValueError:
            return False
    pattern = _WORD.join(re.escape(piece) for piece in shown.strip().split(ANYTHING))
    return re.fullmatch(pattern, found.strip(), re.DOTALL) is not None


def _is_like_json(found: Any, shown: Any) -> bool:
    match shown:
        case dict():
            same = isinstance(found, dict) and found.keys() == shown.keys()
            return same and all(_is_like_json(found[key], shown[key]) for key in shown)
        case list():
            same = isinstance(found, list) and len(found) == len(shown)
            return same and all(map(_is_like_json, found, shown))
        case str():
            return isinstance(found, str) and is_like(found, shown)
    return bool(found == shown)
