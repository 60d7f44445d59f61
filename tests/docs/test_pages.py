"""What the documents show can be typed, loaded and looked up."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from relay.cli.main import group
from relay.event import Event
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps
from relay.parts import load_parts
from relay.seen import Seen, environment
from tests.docs.page import Page

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WHOLE: Final = ("routes.md", "targets.md", "expressions.md")
"""Whose first TOML is a file, and whose others are more of it."""
_INLINE: Final = re.compile(r"`(relay [a-z][^`]*)`")
_LINK: Final = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
_ROW: Final = re.compile(r"^\| `(.*?)` \| (?:`(.*?)`|(an error)).*\|$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """Each command of relay's, and each of its options, is one that can be typed."""
    typed = [line for text in Page(page).of("console") for line in text.splitlines()]
    lines = [*_INLINE.findall(page.read_text()), *_commands(typed)]
    assert [problem for line in lines for problem in _problems(line)] == []


def _commands(lines: list[str]) -> Iterator[str]:
    """Those of relay's, also behind sudo, or one of several in a line."""
    for line in lines:
        for part in re.split(r";|&&|\|", line.partition(" #")[0]):
            found = re.match(r"(?:sudo )?(?:\S*/)?(relay [a-z].*)", part.strip())
            if found:
                yield found[1].strip()


def _problems(line: str) -> Iterator[str]:
    _, *words = shlex.split(line)
    command: click.Command = group
    while words and isinstance(command, click.Group):
        try:
            command = command.get_command(click.Context(command), words.pop(0)) or command
        except click.UsageError as error:
            yield f"{line}: {error.message}"
            return
    known = {name for option in (*command.params, *group.params) for name in option.opts} | {"--help"}
    yield from (f"{line}: {word}" for word in words if word.startswith("-") and word not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_headings(page: Path) -> None:
    """A link into a page names a heading of it."""
    for file, anchor in _LINK.findall(page.read_text()):
        there = (page.parent / file if file else page).read_text()
        headings = re.findall(r"^#+ (.*)$", there, re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", WHOLE)
def test_what_it_shows_loads(tmp_path: Path, name: str) -> None:
    """Each piece of configuration loads in its place, with all expressions."""
    page = Page(ROOT / "docs" / name)
    for text in (page.file, *page.variants):
        (tmp_path / "relay.toml").write_text(text)
        keys = dict.fromkeys(re.findall(r'env = "([A-Z_]+)"', text), "a-secret")
        load_parts(tmp_path / "relay.toml", environ=keys | {"BILLING_WHSEC": "whsec_MfKQ9r8GKYqrTwjU"})


def test_expressions_give_what_is_shown() -> None:
    """The table of examples, on the event above it."""
    page = Page(ROOT / "docs" / "expressions.md")
    (body,) = page.of("json")
    event = Event("1", "shop", None, "order", "webhook", 0, body.encode(), ())
    rows = _ROW.findall(page.text.partition("| expression | gives |")[2].partition("\n\n")[0])
    assert len(rows) > 15
    for text, shown, fails in rows:
        program = environment().compile(text)
        if fails:
            with pytest.raises(ExpressionError):
                program.json(Seen(event))
        else:
            assert dumps(program.json(Seen(event))).decode() == shown, text
