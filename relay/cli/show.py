"""`relay show`."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from relay.cli.answers import answer_option, read_answers
from relay.cli.api import NotRunning, api, segment
from relay.cli.option import Command, config_file, environ
from relay.cli.output import clean, clean_text, coloured, json_option, print_json
from relay.errors import ConfigError, RelayError

if TYPE_CHECKING:
    from relay.cli.plans import Owed, Plans
    from relay.delivery import Delivery


@click.command("show", cls=Command)
@click.argument("id")
@click.option(
    "--curl", is_flag=True, help="Each delivery's last attempt as a command to repeat it, without secrets."
)
@click.option("--routes", is_flag=True, help="Only what the routes of today's file make of it.")
@answer_option()
@json_option()
def command(id: str, *, curl: bool, routes: bool, answers: tuple[str, ...], as_json: bool) -> None:
    """One event whole: headers, body, the history of its deliveries, and what today's file makes of it."""
    document = _document(id)
    if curl:
        _print_curl(document, answers)
    elif routes:
        _print_routes(document, _plans(answers), as_json=as_json)
    elif as_json:
        print_json(document)
    else:
        _print(document)
        _print_today(document, answers)


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


# by today's file


def _plans(answers: Sequence[str]) -> "Plans":
    """RelayError where the file cannot be used. Nobody is asked, so no secret has to be at hand."""
    from relay.cli.plans import Plans  # noqa: PLC0415  heavy
    from relay.cli.polls_stopped import stand_ins  # noqa: PLC0415  heavy
    from relay.parts import load_parts  # noqa: PLC0415  heavy

    file = config_file().path
    try:
        loaded, parts = load_parts(file, checking=True, environ=stand_ins())
    except ConfigError:
        # of a stand-in for a url it would be said that it is none
        loaded, parts = load_parts(file, checking=True, environ=environ())
    return Plans(loaded, parts, read_answers(answers, loaded.config.enrich))


def _print_today(document: dict[str, Any], answers: Sequence[str]) -> None:
    """As far as there is a file."""
    try:
        plans = _plans(answers)
    except RelayError as error:
        _tell_unknown(error)
        return
    how = "at the next attempt or a replay" if document["deliveries"] else "as a replay would plan it"
    click.echo(f"\nby today's {plans.file}, {how}:")
    _print_routes(document, plans, as_json=False)


def _tell_unknown(error: RelayError) -> None:
    """In one line."""
    wrong = error.problems if isinstance(error, ConfigError) else ()
    lines = [problem.at(str(config_file().path)) for problem in wrong if not problem.warning] or [str(error)]
    more = f" (and {len(lines) - 1} more: relay check)" if len(lines) > 1 else ""
    click.echo(f"relay: what its routes are today cannot be told: {lines[0]}{more}", err=True)


def _print_routes(document: dict[str, Any], plans: "Plans", *, as_json: bool) -> None:
    from relay.cli.plans_shown import print_routes, routes_document  # noqa: PLC0415  heavy

    found = asyncio.run(plans.of_kept(document))
    if as_json:
        print_json({"event": document, "routes": routes_document(found)})
    else:
        print_routes(found)


def _print_curl(document: dict[str, Any], answers: Sequence[str]) -> None:
    from relay.cli.curl import commands  # noqa: PLC0415  heavy, and rarely needed

    if not document["deliveries"]:
        raise RelayError("it has no deliveries", "no route took it; relay replay plans it anew")
    try:
        attempts = asyncio.run(_plans(answers).of_attempts(document))
    except RelayError as error:
        _tell_unknown(error)
        attempts = _as_it_came(document)
    click.echo("\n".join(commands(attempts)))


def _as_it_came(document: dict[str, Any]) -> "list[tuple[Delivery, Owed | None]]":
    """What is masked may have proved the sender: it is left out."""
    from relay.cli.recalled import last_attempts, recalled_event  # noqa: PLC0415  rarely needed

    event = recalled_event(document, {name.lower().encode() for name, _ in document["headers"]})
    return [(delivery, None) for delivery in last_attempts(document, event)]


# as it is kept


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
