"""`relay poll list`."""

from typing import Any

import click

from relay.cli.option import Command
from relay.cli.output import json_option, print_json, print_table
from relay.cli.polls import polls, span


@click.command("list", cls=Command)
@json_option()
def command(*, as_json: bool) -> None:
    """The polls and watches of the file: whose events they bring, whom they ask, how often."""
    document = polls()
    if as_json:
        print_json(document)
    else:
        print_table(
            ("name", "kind", "source", "api", "asks", "parts"), [_row(one) for one in document["polls"]]
        )


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    parts = len(one["parts"]) if "parts" in one else ""
    return one["name"], one["kind"], one["source"], one["api"], _asks(one), parts


def _asks(one: dict[str, Any]) -> str:
    if one["sleeps"]:
        return "to fill gaps"
    every, idle = span(one["every_seconds"]), span(max(one["idle_seconds"], one["every_seconds"]))
    return f"every {every}" if every == idle else f"every {every} to {idle}"
