"""`relay replay`."""

import sys
from typing import Any

import click

from relay.cli import output
from relay.cli.api import Api, api, segment
from relay.cli.filters import filter_options, given_filters, limit_option
from relay.cli.option import Command
from relay.cli.output import json_option, print_json
from relay.cli.pages import bar, counted, take


@click.command("replay", cls=Command)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@filter_options
@limit_option("At most so many events, the oldest.")
@click.option("--rate", metavar="RATE", help='So many deliveries a second, as in "50/s".')
@click.option("--fresh", is_flag=True, help="New idempotency keys, for targets that remember the old ones.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option()
def command(
    ids: tuple[str, ...],
    *,
    limit: int | None,
    rate: str | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    **options: str | None,
) -> None:
    """Deliver again: events by ID, or all that the filters mean."""
    given = given_filters(options)
    if bool(ids) == bool(given):
        raise click.UsageError("name events by ID, or by filters such as --target and --state")
    if ids and limit is not None:
        raise click.UsageError("--limit goes with filters")
    fields = {"rate": rate, "fresh": fresh, "dry_run": dry_run}
    total = _by_id(ids, fields) if ids else _by_filter(given | fields, limit)
    if as_json:
        print_json(total)
    else:
        words = "would be replayed" if dry_run else "are due again"
        click.echo(f"{total['deliveries']} deliveries of {total['events']} events {words}")


def _by_id(ids: tuple[str, ...], fields: dict[str, Any]) -> dict[str, int]:
    total = {"events": 0, "deliveries": 0}
    daemon = api()
    for id in ids:
        answer = daemon.post(f"events/{segment(id)}/replay", fields).document
        total = {name: total[name] + answer[name] for name in total}
    return total


def _by_filter(fields: dict[str, Any], limit: int | None) -> dict[str, int]:
    daemon = api()
    with bar("replay", _size(daemon, fields, limit)) as step:
        return take(daemon, "replay", fields, step, limit)


def _size(daemon: Api, fields: dict[str, Any], limit: int | None) -> int:
    """How long the bar is; nobody sees it where there is no terminal."""
    if fields["dry_run"] or not output.is_terminal(sys.stderr):
        return 0
    return counted(daemon, "replay", fields, limit)["deliveries"]
