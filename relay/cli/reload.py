"""`relay reload`."""

from typing import Final

import click

from relay.cli.api import api
from relay.cli.option import Command

PATIENCE: Final = 60.0


@click.command("reload", cls=Command)
def command() -> int:
    """Make the running daemon read its file again; all or nothing. Returns when it is done."""
    answer = api().reload(PATIENCE)
    if answer.status == 409:
        for problem in answer.document.get("problems", []):
            click.echo(problem, err=True)
        click.echo(f"relay: {answer.document.get('error')}", err=True)
        return 1
    changed, restart = answer.document["changed"], answer.document["needs_restart"]
    click.echo(f"changed: {', '.join(changed)}" if changed else "nothing changed")
    if restart:
        click.echo(f"needs a restart: {', '.join(restart)}", err=True)
    return 0
