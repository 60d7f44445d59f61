"""`relay poll run`."""

import json
from typing import Any, Final

import click

from relay.cli.api import api, segment
from relay.cli.option import Command
from relay.cli.output import clean, json_option, print_json, print_table
from relay.cli.polls import second

PATIENCE: Final = 24 * 3600.0
"""Seconds: a pass waits where its api says so."""
CUT: Final = 80
"""Characters of an event's data in a table."""


@click.command("run", cls=Command)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Ask, and show what would be emitted; keep nothing of it.")
@json_option()
def command(name: str, *, dry_run: bool, as_json: bool) -> int:
    """One pass of poll NAME now, also if it sleeps; returns when it is over, 1 if it failed."""
    path = f"polls/{segment(name)}/run"
    document = api().post(path, {"dry_run": dry_run}, PATIENCE).document
    if as_json:
        print_json(document)
    else:
        for one in document["passes"]:
            _print(name, one)
    return 0 if all(one["complete"] for one in document["passes"]) else 1


def _print(name: str, one: dict[str, Any]) -> None:
    label = f"{name} {one['part']}" if one["part"] else name
    if one.get("events"):
        print_table(("key", "type", "time", "data"), [_event(event) for event in one["events"]])
        hidden = one["new"] - len(one["events"])
        if hidden:
            click.echo(f"… and {hidden} more")
    for poison in one.get("poisons", ()):
        click.echo(f"cannot be used: {clean(poison['id'])}: {clean(poison['error'])}")
    for missed in one["missed"]:
        click.echo(f"may have been missed: {missed['from']} to {missed['to']} (relay.gap)")
    click.echo(f"{clean(label)}: {_summary(one)}")
    if not one["complete"]:
        click.echo(f"relay: {clean(label)}: the pass failed: {clean(one['error'])}", err=True)


def _event(event: dict[str, Any]) -> tuple[object, ...]:
    # with `detail` a body may still be missing where its request failed
    data = "" if event["data"] is None else json.dumps(event["data"], ensure_ascii=False)
    return event["key"], event["type"], event["time"], shortened(data)


def shortened(text: str) -> str:
    """No more than a line of it."""
    return text if len(text) <= CUT else f"{text[: CUT - 1]}…"


def _summary(one: dict[str, Any]) -> str:
    unusable = f", {one['unusable']} that cannot be used" if one["unusable"] else ""
    pages = "1 page" if one["pages"] == 1 else f"{one['pages']} pages"
    due = f", next pass at {second(one['next_pass'])}" if one.get("next_pass") else ""
    return f"{one['found']} items on {pages}: {one['new']} new, {one['known']} known{unusable}{due}"
