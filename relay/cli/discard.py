"""`relay discard`."""

import sys
from typing import Any

import click

from relay.cli import output
from relay.cli.api import api
from relay.cli.filters import filter_options, given_filters, limit_option
from relay.cli.option import Command
from relay.cli.output import json_option, print_json
from relay.cli.pages import bar, counted, take


@click.command("discard", cls=Command)
@filter_options
@limit_option("Of at most so many events, the newest.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask; it asks on a terminal only.")
@json_option()
def command(*, limit: int | None, dry_run: bool, yes: bool, as_json: bool, **options: str | None) -> None:
    """Give up the pending deliveries that the filters mean: they become dead, and can be replayed."""
    given = given_filters(options)
    if "target" not in given:
        raise click.UsageError("--target NAME says whose deliveries")
    deliveries = _discard(given, limit, ask=output.is_terminal(sys.stdin) and not yes, dry_run=dry_run)
    if as_json:
        print_json({"deliveries": deliveries})
    else:
        click.echo(f"{deliveries} deliveries {'would be' if dry_run else 'were'} discarded")


def _discard(given: dict[str, Any], limit: int | None, *, ask: bool, dry_run: bool) -> int:
    daemon = api()
    expected = counted(daemon, "discard", given, limit)["deliveries"]
    if dry_run or not expected:
        return expected
    if ask:
        click.confirm(f"discard {expected} deliveries to {given['target']}?", abort=True, err=True)
    with bar("discard", expected) as step:
        return take(daemon, "discard", given, step, limit)["deliveries"]
