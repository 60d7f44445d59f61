"""`relay schema`."""

import click

from relay.cli.option import Command
from relay.cli.output import print_json
from relay.config.jsonschema import json_schema


@click.command("schema", cls=Command)
def command() -> None:
    """The JSON Schema of the configuration file, by which editors complete and check it."""
    print_json(json_schema())
