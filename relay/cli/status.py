"""`relay status`."""

from typing import Any

import click

from relay.cli.api import NotRunning, api
from relay.cli.option import Command, config_file
from relay.cli.output import coloured, json_option, print_json, print_table


@click.command("status", cls=Command)
@json_option()
def command(*, as_json: bool) -> int:
    """Whether the daemon is well, and all that it looks at: exit 0 for pass and warn, 1 for fail."""
    document = _document()
    if as_json:
        print_json(document)
    else:
        _print(document)
    return 1 if document["status"] == "fail" else 0


def _document() -> dict[str, Any]:
    try:
        return api().health().document
    except NotRunning as error:
        from relay.cli.stopped import stopped_health  # noqa: PLC0415  only without a daemon

        return stopped_health(config_file(), error)


def _print(document: dict[str, Any]) -> None:
    up = f", up {_span(document['uptime_seconds'])}" if document["uptime_seconds"] else ""
    why = f": {document['output']}" if "output" in document else ""
    click.echo(f"relay {document['version']} {coloured(document['status'])}{up}{why}")
    rows = [
        (name, check["status"], _details(check), check.get("output", ""))
        for name, checks in document["checks"].items()
        for check in checks
    ]
    print_table(("check", "status", "details", "what to do"), rows)


def _details(check: dict[str, Any]) -> str:
    """The figures worth a look; what is not known is left out."""
    shown = {
        "breaker": check.get("breaker") if check.get("breaker") != "closed" else None,
        "paused": check.get("paused") or None,
        "pending": check.get("pending"),
        "oldest": _seconds(check.get("oldest_pending_seconds")),
        "dead": check.get("dead") or None,
        "last event": check.get("last_event"),
        "last pass": check.get("last_pass"),
        "next pass": check.get("next_pass"),
        "watching": check.get("watching"),
        "silent": _seconds(check.get("silence_seconds")),
        "commit": None if check.get("commit_seconds") is None else f"{check['commit_seconds'] * 1000:.1f} ms",
        "size": _bytes(check.get("size_bytes")),
        "free": _bytes(check.get("free_bytes")),
    }
    return ", ".join(
        name if value is True else f"{name} {value}" for name, value in shown.items() if value is not None
    )


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else _span(seconds)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _bytes(size: float | None) -> str | None:
    if size is None:
        return None
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"
