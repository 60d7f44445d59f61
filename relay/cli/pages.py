"""Much work through the API: in pages, with a bar on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from relay.cli import output
from relay.cli.api import Api

PAGE: Final = 500
"""Events to a call."""
PATIENCE: Final = 60.0


class Step(Protocol):
    def __call__(self, deliveries: int) -> None:
        """So many more are done."""


def take(api: Api, path: str, fields: dict[str, Any], step: Step, most: int | None = None) -> dict[str, int]:
    """Call `path` page by page, at most `most` events; how many it took in all."""
    total = {"events": 0, "deliveries": 0}
    cursor, left = None, most
    while True:
        limit = PAGE if left is None else min(PAGE, left)
        answer = api.post(path, {**fields, "limit": limit, "cursor": cursor}, PATIENCE).document
        for name in total:
            total[name] += answer.get(name, 0)
        step(answer["deliveries"])
        cursor = answer["next"]
        left = None if left is None else left - limit
        if cursor is None or left == 0:
            return total


def counted(api: Api, path: str, fields: dict[str, Any], most: int | None) -> dict[str, int]:
    """How much it would be."""
    return take(api, path, {**fields, "dry_run": True}, _unseen, most)


def _unseen(deliveries: int) -> None:
    """Nobody looks."""


@contextmanager
def bar(what: str, total: int) -> Iterator[Step]:
    """Shows how far it is, where somebody looks."""
    if not output.is_terminal(sys.stderr):
        yield _unseen
        return
    from rich.console import Console  # noqa: PLC0415  only terminals are worth it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda deliveries: progress.advance(task, deliveries)
