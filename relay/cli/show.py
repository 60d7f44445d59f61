"""`relay show`."""

from typing import Any

import click

from relay.cli.api import NotRunning, api, segment
from relay.cli.option import Command, config_file
from relay.cli.output import clean, clean_text, coloured, json_option, print_json
from relay.errors import RelayError


@click.command("show", cls=Command)
@click.argument("id")
@click.option(
    "--curl", is_flag=True, help="Each delivery's last attempt as a command to repeat it, without secrets."
)
@json_option()
def command(id: str, *, curl: bool, as_json: bool) -> None:
    """One event whole: headers, body, and the history of its deliveries."""
    document = _document(id)
    if curl:
        _print_curl(document)
    elif as_json:
        print_json(document)
    else:
        _print(document)


def _document(id: str) -> dict[str, Any]:
    try:
        return api().get(f"events/{segment(id)}").document
    except NotRunning:
        from relay.admin.view import whole_document  # noqa: PLC0415  only without a daemon
        from relay.cli.offline import look  # noqa: PLC0415

        event = look(config_file(), lambda archive: archive.show(id))
        if event is None:
            raise RelayError(
                f"there is no event {clean(id)}", "relay events lists those that are kept"
            ) from None
        return whole_document(event)


def _print_curl(document: dict[str, Any]) -> None:
    from relay.cli.curl import commands, last_attempts  # noqa: PLC0415  heavy, and rarely needed
    from relay.config.load import load  # noqa: PLC0415

    try:
        loaded = load(config_file().path, checking=True)
    except RelayError:
        loaded = None
    deliveries = last_attempts(document)
    if not deliveries:
        raise RelayError("it has no deliveries", "no route took it; relay replay plans it anew")
    click.echo("\n".join(commands(deliveries, loaded)))


def _print(document: dict[str, Any]) -> None:
    for name in ("id", "key", "source", "type", "via", "received_at", "occurred_at", "size"):
        click.echo(f"{name:<12} {clean(document[name])}")
    click.echo(f"{'state':<12} {coloured(document['state'])}\n")
    for name, value in document["headers"]:
        click.echo(f"{clean(name)}: {clean(value)}")
    body = document.get("body")
    click.echo(f"\n{clean_text(body) if body is not None else '(base64) ' + document['body_base64']}\n")
    for delivery in document["deliveries"]:
        _print_delivery(delivery)


def _print_delivery(delivery: dict[str, Any]) -> None:
    route, target = clean(delivery["route"]), clean(delivery["target"])
    due = f", next at {delivery['next_at']}" if delivery["next_at"] else ""
    error = f", {clean(delivery['last_error'])}" if delivery["last_error"] else ""
    click.echo(f"{delivery['id']}  {route} → {target}  {coloured(delivery['state'])}{due}{error}")
    for attempt in delivery["history"]:
        outcome = attempt["error"] or attempt["status"] or "taken"
        probe = " (probe)" if attempt["probe"] else ""
        click.echo(
            f"  {attempt['n']:>3}. {attempt['at']}  {attempt['seconds']:.3f} s  {clean(outcome)}{probe}"
        )
