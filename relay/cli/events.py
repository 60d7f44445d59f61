"""`relay events`."""

from typing import Any, Final

import click

from relay.cli.api import NotRunning, api
from relay.cli.filters import filter_options, given_filters, limit_option
from relay.cli.option import Command, config_file
from relay.cli.output import json_option, print_json, print_table

LIMIT: Final = 100
PAGE: Final = 1_000
"""Events that the API gives at once."""


@click.command("events", cls=Command)
@filter_options
@limit_option(f"At most so many.  [default: {LIMIT}]")
@click.option("--all", "everything", is_flag=True, help="All there are.")
@json_option()
def command(*, limit: int | None, everything: bool, as_json: bool, **options: str | None) -> None:
    """List events, newest first."""
    if everything and limit is not None:
        raise click.UsageError("--all and --limit are one too many")
    document = _find(given_filters(options), None if everything else limit or LIMIT)
    if as_json:
        print_json(document)
        return
    print_table(("received", "id", "source", "type", "state", "deliveries", "key"), _rows(document))
    if document["next"] is not None:
        click.echo(f"more: --until {document['events'][-1]['received_at']}, or --all", err=True)


def _find(given: dict[str, Any], most: int | None) -> dict[str, Any]:
    """As many pages as it takes."""
    document: dict[str, Any] = {"events": [], "next": None}
    while True:
        limit = PAGE if most is None else min(PAGE, most - len(document["events"]))
        page = _page({**given, "limit": limit, "cursor": document["next"]})
        document = {"events": document["events"] + page["events"], "next": page["next"]}
        if document["next"] is None or len(document["events"]) == most:
            return document


def _page(given: dict[str, Any]) -> dict[str, Any]:
    try:
        return api().get("events", given).document
    except NotRunning:
        from relay.cli import offline  # noqa: PLC0415  only without a daemon

        return offline.find(config_file(), given, LIMIT, PAGE)


def _rows(document: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            event["received_at"],
            event["id"],
            event["source"],
            event["type"],
            event["state"],
            " ".join(f"{delivery['target']}:{delivery['state']}" for delivery in event["deliveries"]),
            event["key"],
        )
        for event in document["events"]
    ]
