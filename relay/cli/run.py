"""`relay run`."""

import click

from relay import daemon
from relay.cli.option import Command, config_file


@click.command("run", cls=Command)
def command() -> int:
    """The daemon, in the foreground."""
    return daemon.run(config_file().path)
