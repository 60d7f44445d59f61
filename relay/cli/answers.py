"""`--answer NAME=FILE`: what an api is taken to answer, for the commands that show what goes out."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import click

from relay.config.choice import listed, meant

Function = TypeVar("Function", bound=Callable[..., Any])


def answer_option() -> Callable[[Function], Function]:
    """`--answer`, for the commands that show what goes out."""
    return click.option(
        "--answer",
        "answers",
        multiple=True,
        metavar="NAME=FILE",
        help="What the api answers to enrichment NAME: its body, saved; - is standard input.",
    )


def read_answers(words: Sequence[str], names: Collection[str]) -> dict[str, bytes]:
    """The bodies of all answers, by the name of the enrichment; a usage error where one cannot be meant."""
    return dict(_answer(word, names) for word in words)


def _answer(word: str, names: Collection[str]) -> tuple[str, bytes]:
    name, mark, path = word.partition("=")
    if not mark:
        raise click.UsageError(f"--answer {word} is none: NAME=FILE")
    if name not in names:
        hint = meant(name, names) or f"there are {listed(names) or 'none'}"
        raise click.UsageError(f"there is no enrichment {listed([name])} ({hint})")
    try:
        with click.open_file(path, "rb") as file:
            return name, file.read()
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None
