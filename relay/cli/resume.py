"""`relay resume`."""

import click

from relay.cli.option import Command
from relay.cli.output import json_option
from relay.cli.switch import switch


@click.command("resume", cls=Command)
@click.argument("target")
@json_option()
def command(target: str, *, as_json: bool) -> None:
    """Deliver to TARGET again, at once, also if it is down or told us to wait."""
    switch(target, "resume", as_json=as_json)
