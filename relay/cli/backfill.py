"""`relay backfill`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import click

from relay.cli import output
from relay.cli.api import Api, api, segment
from relay.cli.option import Command
from relay.cli.output import json_option, print_json
from relay.cli.polls import percent, second
from relay.errors import RelayError

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at how far it is."""
Far = dict[str, Any]


class Show(Protocol):
    def __call__(self, far: Far) -> None:
        """It has come so far."""


@click.command("backfill", cls=Command)
@click.argument("name")
@click.option("--from", "since", required=True, metavar="TIME", help="RFC 3339, or how long ago (2d).")
@click.option("--to", "until", metavar="TIME", help="Likewise.  [default: now]")
@json_option()
def command(name: str, *, since: str, until: str | None, as_json: bool) -> int:
    """Read a stretch of poll NAME's past again: what of it is unknown becomes events; 1 if it failed.

    It runs in the daemon, when nobody else asks the api, and goes on if this command is interrupted.
    """
    daemon = api()
    path = f"polls/{segment(name)}/backfill"
    far = daemon.post(path, {"from": since, "to": until}).document["backfill"]
    with _progress(name) as show:
        far = _follow(daemon, name, far, show)
    if as_json:
        print_json({"name": name, "backfill": far})
    else:
        click.echo(f"{name}: {_told(far)}")
    if far["error"]:
        click.echo(f"relay: the backfill failed: {output.clean(far['error'])}", err=True)
    return 1 if far["error"] else 0


def _follow(daemon: Api, name: str, far: Far, show: Show) -> Far:
    """Until it is done."""
    while not far["done"]:
        show(far)
        time.sleep(LOOK_EVERY)
        far = _look(daemon, name)
    show(far)
    return far


def _look(daemon: Api, name: str) -> Far:
    for one in daemon.get("polls").document["polls"]:
        if one["name"] == name and "backfill" in one:
            far: Far = one["backfill"]
            return far
    raise RelayError(f"the backfill of {name} is gone", "was the daemon restarted? Begin it again")


@contextmanager
def _progress(name: str) -> Iterator[Show]:
    """A bar where somebody looks, else a line whenever it has come further."""
    if not output.is_terminal(sys.stderr):
        yield _lines(name)
        return
    from rich.console import Console  # noqa: PLC0415  only terminals are worth it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda far: progress.update(
            task, completed=far["share"], description=f"{name}: {far['new']} new, {far['known']} known"
        )


def _lines(name: str) -> Show:
    before: Far = {}

    def show(far: Far) -> None:
        nonlocal before
        if far != before and not far["done"]:
            click.echo(f"{name}: {percent(far['share'])}, {_told(far)}", err=True)
        before = far

    return show


def _told(far: Far) -> str:
    return f"{far['new']} new, {far['known']} known, {second(far['from'])} to {second(far['to'])}"
