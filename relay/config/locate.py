"""On which line of a TOML text a key stands. tomllib tells no lines; this reads keys, and skips values.

The text must be valid TOML: tomllib has read it before.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from relay.errors import Problem

Path = tuple[str | int, ...]

_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_STEP: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([0-9]+)\]|([^.\["]+)')


def dotted(path: Iterable[str | int]) -> str:
    """`target.billing.retry.schedule[2]`; keys that are not bare stand in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _BARE_KEY.fullmatch(step) else _quoted(step))
    return text


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else "?" for char in escaped) + '"'


def split(path: str) -> Path:
    """The steps of a dotted path."""
    steps = _STEP.finditer(path)
    return tuple(
        int(step[2])
        if step[2] is not None
        else re.sub(r"\\(.)", r"\1", step[1])
        if step[1] is not None
        else step[3]
        for step in steps
    )


class Lines:
    """The lines of every key of a text, from 1."""

    def __init__(self, text: str) -> None:
        self._lines = _Scan(text).lines

    def locate(self, path: str) -> int | None:
        """The line of `path`, else of the nearest table around it; None where nothing of it is there."""
        steps = split(path)
        for end in range(len(steps), 0, -1):
            if (line := self._lines.get(dotted(steps[:end]))) is not None:
                return line
        return None

    def place(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """`problems` with their lines, in the order of the text, none twice."""
        placed = {
            replace(problem, line=problem.line or self.locate(problem.path)): None for problem in problems
        }
        return tuple(sorted(placed, key=lambda problem: problem.line or 0))


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[str, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._arrays: dict[Path, int] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while self._peek():
            if self._take("[["):
                table = self._element(self._key())
            elif self._take("["):
                table = self._resolve(self._key())
                self._note(table)
            else:
                self._pair(table)
                continue
            self.at = self.text.index("]", self.at) + 1
            self._take("]")

    def _pair(self, table: Path) -> None:
        """`key = value`"""
        path = (*table, *self._key())
        self._note(path)
        self.at = self.text.index("=", self.at) + 1
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._match(_STRING):
            return
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            while self._peek() != "}":
                self._pair(path)
                self._take(",")
            self.at += 1
        else:
            self._match(_SCALAR)

    def _items(self, path: Path) -> None:
        index = 0
        while self._peek() != "]":
            self._note((*path, index))
            self._value((*path, index))
            self._take(",")
            index += 1
        self.at += 1

    def _key(self) -> Path:
        keys = [self._one_key()]
        while self._take("."):
            keys.append(self._one_key())
        return tuple(keys)

    def _one_key(self) -> str:
        if quoted := self._match(_STRING):
            key: str = tomllib.loads(f"key = {quoted}")["key"]
            return key
        return self._match(_BARE_KEY)

    def _element(self, path: Path) -> Path:
        """`[[path]]`: one more element."""
        path = (*self._resolve(path[:-1]), path[-1])
        self._note(path)
        self._arrays[path] = index = self._arrays.get(path, -1) + 1
        self._note((*path, index))
        return (*path, index)

    def _resolve(self, path: Path) -> Path:
        """`path` with the last element of each array of tables on its way."""
        found: Path = ()
        for step in path:
            found = (*found, step)
            if found in self._arrays:
                found = (*found, self._arrays[found])
        return found

    def _note(self, path: Path) -> None:
        """`path`, and what its dots made on the way, is on this line."""
        line = bisect_right(self._starts, max(0, self.at - 1))
        for end in range(1, len(path) + 1):
            self.lines.setdefault(dotted(path[:end]), line)

    def _peek(self) -> str:
        self._match(_SPACE)
        return self.text[self.at : self.at + 1]

    def _take(self, token: str) -> bool:
        self._peek()
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def _match(self, pattern: re.Pattern[str]) -> str:
        if pattern is not _SPACE:
            self._match(_SPACE)
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]
