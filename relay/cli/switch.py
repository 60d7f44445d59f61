"""What `relay pause` and `relay resume` have in common."""

import click

from relay.cli.api import api, segment
from relay.cli.output import clean, print_json


def switch(target: str, turn: str, *, as_json: bool) -> None:
    """`turn`: pause or resume."""
    document = api().post(f"targets/{segment(target)}/{turn}").document
    if as_json:
        print_json(document)
        return
    state = "paused" if document["paused"] else f"resumed, {document['breaker']}"
    click.echo(f"{clean(document['name'])}: {state}, {document['pending']} pending")
