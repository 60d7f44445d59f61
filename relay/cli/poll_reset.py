"""`relay poll reset`."""

from typing import Final

import click

from relay.cli.api import api, segment
from relay.cli.option import Command
from relay.cli.output import clean, json_option, print_json

PATIENCE: Final = 600.0
"""Seconds: it waits for the pass under way."""


@click.command("reset", cls=Command)
@click.argument("name")
@json_option()
def command(name: str, *, as_json: bool) -> None:
    """Forget how far poll NAME has come: its next pass is a first one, with its `start`.

    Events and their keys stay: what became an event once is none again while its key is remembered.
    """
    document = api().post(f"polls/{segment(name)}/reset", timeout=PATIENCE).document
    if as_json:
        print_json(document)
    else:
        click.echo(f"{clean(name)}: begins anew")
