"""`relay audit`."""

from typing import Any, Final

import click

from relay.cli.api import NotRunning, api
from relay.cli.option import Command, config_file
from relay.cli.output import json_option, print_json, print_table

PATIENCE: Final = 600.0
"""Seconds: it counts every row."""


@click.command("audit", cls=Command)
@json_option()
def command(*, as_json: bool) -> int:
    """Count everything: exit 0 where the sums match, else 1."""
    document = _document()
    if as_json:
        print_json(document)
    else:
        _print(document)
    return 0 if document["ok"] else 1


def _document() -> dict[str, Any]:
    try:
        return api().get("audit", timeout=PATIENCE).document
    except NotRunning:
        from relay.admin.view import audit_document  # noqa: PLC0415  only without a daemon
        from relay.cli.offline import look  # noqa: PLC0415

        return audit_document(look(config_file(), lambda archive: archive.audit()))


def _print(document: dict[str, Any]) -> None:
    rows = [
        (what, state, count) for what in ("events", "deliveries") for state, count in document[what].items()
    ]
    print_table(("what", "state", "count"), rows)
    for problem in document["problems"]:
        click.echo(problem)
    click.echo("the sums match" if document["ok"] else "the sums do not match")
