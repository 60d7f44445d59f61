"""`relay poll status`."""

from collections.abc import Iterator
from typing import Any

import click

from relay.cli.option import Command
from relay.cli.output import clean, json_option, print_json, print_table
from relay.cli.polls import known, percent, polls, second

HEAD = ("name", "status", "last pass", "next pass", "cursor", "what to do")


@click.command("status", cls=Command)
@click.argument("name", required=False)
@json_option()
def command(name: str | None, *, as_json: bool) -> None:
    """How far each poll and watch has come, and whether it is well; with NAME of that one alone."""
    document = polls(states=True)
    if name is not None:
        document = {"polls": known(document, name)}
    if as_json:
        print_json(document)
        return
    print_table(HEAD, [row for one in document["polls"] for row in _rows(one)])
    for one in document["polls"]:
        if "backfill" in one:
            click.echo(f"{clean(one['name'])}: backfill {_backfill(one['backfill'])}")


def _rows(one: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """One of a poll, and one of each part where it has several."""
    label = one["name"] if one["kind"] == "poll" else f"{one['name']} (watch)"
    moments = (second(one["last_pass"]), _next(one), second(one.get("cursor")) or _watched(one))
    yield label, one["status"], *moments, one.get("output", "")
    for part in one.get("parts", ()) if len(one.get("parts", ())) > 1 else ():
        moments = second(part["last_pass"]), second(part["next_pass"]), second(part["cursor"])
        yield f"  {part['part']}", "warn" if part["last_error"] else "pass", *moments, part["last_error"]


def _next(one: dict[str, Any]) -> object:
    return second(one["next_pass"]) or ("sleeps" if one["sleeps"] else None)


def _watched(one: dict[str, Any]) -> str | None:
    count = one.get("watching")
    return None if count is None else f"watches {count}"


def _backfill(of: dict[str, Any]) -> str:
    how = f"failed: {clean(of['error'])}" if of["error"] else "done" if of["done"] else percent(of["share"])
    return f"{second(of['from'])} to {second(of['to'])}: {how}, {of['new']} new, {of['known']} known"
