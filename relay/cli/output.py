"""What the commands print: tables for people, JSON for programs. Event data never steers a terminal."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, TextIO, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

COLOURS: Final = {
    "pass": "green",
    "delivered": "green",
    "ok": "green",
    "warn": "yellow",
    "pending": "yellow",
    "paused": "yellow",
    "fail": "red",
    "dead": "red",
    "open": "red",
}


def json_option() -> Callable[[Function], Function]:
    """`--json`, for each command that prints a table."""
    return click.option("--json", "as_json", is_flag=True, help="What the API answers, as one document.")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at it, or types into it."""
    return stream.isatty()


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))


def clean(value: object) -> str:
    """As one printable line; nothing for None."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def clean_text(text: str) -> str:
    """Printable, with its lines."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """On a terminal by rich; else in plain columns."""
    cells = [[clean(value) for value in row] for row in rows]
    if is_terminal(sys.stdout):
        _print_rich(head, cells)
    else:
        _print_plain(head, cells)


def _print_plain(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [[name.upper() for name in head], *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_rich(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  only terminals are worth its 60 ms
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*head, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*[Text(cell, style=COLOURS.get(cell, "")) for cell in row])
    Console(highlight=False).print(table)


def coloured(word: str) -> str:
    """A state in its colour, which click leaves out where there is no terminal."""
    return click.style(word, fg=COLOURS.get(word))
