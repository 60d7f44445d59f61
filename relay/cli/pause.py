"""`relay pause`."""

import click

from relay.cli.option import Command
from relay.cli.output import json_option
from relay.cli.switch import switch


@click.command("pause", cls=Command)
@click.argument("target")
@json_option()
def command(target: str, *, as_json: bool) -> None:
    """Stop delivering to TARGET. Its deliveries are kept, and their age stands still."""
    switch(target, "pause", as_json=as_json)
