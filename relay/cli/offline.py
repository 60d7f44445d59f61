"""Looking into the store of a daemon that is not running: read-only."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from relay.admin.filters import parse_query
from relay.admin.refused import Refused
from relay.admin.view import page_document
from relay.cli.find import stores
from relay.cli.option import File
from relay.clock import SystemClock
from relay.errors import ConfigError, Problem, RelayError
from relay.store.open import open_archive
from relay.store.protocol import Archive

T = TypeVar("T")


def look(file: File, question: Callable[[Archive], Awaitable[T]]) -> T:
    """What `question` finds in the store that `file` names; RelayError where none can be read."""
    path = _store(file)
    click.echo(f"relay is not running: this is what {path} holds", err=True)
    try:
        return asyncio.run(_ask(path, question))
    except sqlite3.Error as error:
        raise RelayError(f"the store {path} cannot be read: {error}") from error


def _store(file: File) -> Path:
    if file.named and not file.path.exists():
        # never some other store that happens to lie there: its sums would prove nothing
        raise ConfigError(str(file.path), [Problem("", "there is no such file", "-c FILE or $RELAY_CONFIG")])
    try:
        found = [path for path in stores(file) if path.exists()]
    except OSError as error:
        raise RelayError(f"the store cannot be read: {error}", "try sudo") from error
    if not found:
        raise RelayError(
            f"relay is not running, and there is no store at {next(stores(file))}",
            "-c FILE names its configuration",
        )
    return found[0]


async def _ask(path: Path, question: Callable[[Archive], Awaitable[T]]) -> T:
    archive = await open_archive(path)
    try:
        return await question(archive)
    finally:
        await archive.close()


def find(file: File, given: dict[str, Any], default: int, most: int) -> dict[str, Any]:
    """What `GET events` would answer."""
    query = parse_query(given, SystemClock().now(), default, most)
    if isinstance(query, Refused):
        raise click.UsageError(f"{query.error} ({query.hint})")
    return page_document(look(file, lambda archive: archive.find(query)))
