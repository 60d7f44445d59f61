"""`relay poll test`: a table tried on an answer that somebody saved, without network and daemon."""

import json
from typing import Any, BinaryIO, Final

import click

from relay.cli.option import Command, config_file
from relay.cli.output import clean, json_option, print_json, print_table
from relay.cli.poll_run import shortened
from relay.cli.polls_stopped import stand_ins
from relay.clock import SystemClock, rfc3339
from relay.config.choice import listed, meant
from relay.config.schema import Config
from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.http.response import Response
from relay.http.verdict import compile_check
from relay.parts import load_parts
from relay.poll.definition import Part, Poll
from relay.poll.open import Definitions
from relay.poll.trial import EVENT, UNUSABLE, Trial, Tried, shown, try_poll, try_watch
from relay.poll.watch import WatchDefinition
from relay.seen import timestamp

HEAD: Final = ("item", "becomes", "key", "type", "time", "data, or what fails")


@click.command("test", cls=Command)
@click.argument("name")
@click.option(
    "--response",
    "file",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="An answer of the api's: its body, or all of it as curl -i prints it; - is standard input.",
)
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of that answer.")
@click.option("--part", metavar="PART", help="Of a poll with each: which one, such as repo=owner/name.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Of a watch: what was asked for; else what follows from --event.",
)
@click.option(
    "--event", type=click.File("rb"), metavar="FILE", help="Of a watch: the body of the event that began it."
)
@json_option()
def command(
    name: str,
    *,
    file: BinaryIO,
    headers: tuple[str, ...],
    part: str | None,
    keys: tuple[str, ...],
    event: BinaryIO | None,
    as_json: bool,
) -> int:
    """What an answer would make of poll or watch NAME; exit 1 where an expression fails on it.

    Each item is taken for new, whatever the poll knows, or how old it is.
    """
    loaded, parts = load_parts(config_file().path, checking=True, environ=stand_ins())
    now = SystemClock().now()
    response = _response(file.read(), headers, now)
    definition = _definition(parts.definitions, name)
    check = _check(loaded.config, definition)
    if isinstance(definition, Poll):
        trial = try_poll(definition, _part(definition, part), response, check, now)
    else:
        told = _event(event, now)
        trial = try_watch(definition, keys or _keys(definition, told), told, response, check, now)
    if as_json:
        print_json(_document(name, trial))
    else:
        _print(trial)
    return 0 if trial.sound else 1


def _definition(definitions: Definitions, name: str) -> Poll | WatchDefinition:
    found = definitions.polls.get(name) or definitions.watches.get(name)
    if found is None:
        known = [*definitions.polls, *definitions.watches]
        hint = meant(name, known) or "relay poll list has them"
        raise click.UsageError(f"there is no poll {listed([name])} ({hint})")
    return found


def _check(config: Config, definition: Poll | WatchDefinition) -> Program | None:
    """The api's own."""
    text = config.api[definition.config.api].check
    return None if text is None else compile_check(text)


def _part(poll: Poll, name: str | None) -> Part:
    """The first one where none is named."""
    for part in poll.parts:
        if name in (None, part.name):
            return part
    raise click.UsageError(f"there is no part {listed([str(name)])} ({_parts(poll)})")


def _parts(poll: Poll) -> str:
    names = [part.name for part in poll.parts if part.name]
    return f"there are {listed(names)}" if names else "the poll has no each"


def _event(file: BinaryIO | None, now: int) -> dict[str, Any]:
    """What a watch sees of the event that began it."""
    event: dict[str, Any] = {"id": "", "source": "", "type": "", "via": "webhook", "received": timestamp(now)}
    event |= {"time": None, "key": None, "data": None}
    if file is None:
        return event
    try:
        return event | {"data": json.load(file)}
    except ValueError:
        raise click.UsageError("the event is no JSON") from None


def _keys(watch: WatchDefinition, event: dict[str, Any]) -> list[str]:
    """What the watch follows after that event; nothing where no event is given."""
    if event["data"] is None:
        return []
    seen = {"event": event} | {f"event.{part}": value for part, value in event.items()}
    try:
        keys = watch.keys.given(seen)
    except ExpressionError as error:
        raise click.UsageError(f"keys: {error}") from None
    return [str(key) for key in keys] if isinstance(keys, list) else []


# the answer


def _response(raw: bytes, headers: tuple[str, ...], now: int) -> Response:
    status, said, body = _head(raw)
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.UsageError(f"--header {header!r} is none: NAME:VALUE")
        said[name.strip().lower()] = value.strip()
    return Response(status, said, body, "", now)


def _head(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what `curl -i` printed; of anything else, a 200 with that body."""
    status, headers = 200, {}
    # a proxy's answer, and a 100 Continue, stand before the answer itself
    while raw.startswith(b"HTTP/"):
        head, blank, rest = raw.partition(b"\r\n\r\n")
        if not blank:
            head, _, rest = raw.partition(b"\n\n")
        first, *lines = head.decode("utf-8", "replace").splitlines()
        word = first.split()[1:2]
        status = int(word[0]) if word and word[0].isdecimal() else 200
        pairs = [line.partition(":") for line in lines]
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        raw = rest
    return status, headers, raw


# as it is shown


def _print(trial: Trial) -> None:
    if trial.request is not None:
        click.echo(f"asked by: {clean(shown(trial.request))}")
    if trial.items:
        print_table(HEAD, [_row(one) for one in trial.items])
    counts = {one.outcome: 0 for one in trial.items}
    for one in trial.items:
        counts[one.outcome] += 1
    click.echo(", ".join(f"{count} {_plural(what, count)}" for what, count in counts.items()) or "no items")
    if trial.next is not None:
        click.echo(f"asked next: {clean(shown(trial.next))}")
    for fault in trial.faults:
        click.echo(f"relay: {clean(fault)}", err=True)


def _plural(what: str, count: int) -> str:
    return f"{what}s" if what == EVENT and count != 1 else what


def _row(one: Tried) -> tuple[object, ...]:
    becomes = f"{one.outcome}, over by {one.over}" if one.over else one.outcome
    time = None if one.time is None else rfc3339(one.time)
    return one.n, becomes, one.key, one.type, time, one.error or _data(one)


def _data(one: Tried) -> str:
    if one.detail is not None:
        return f"of {shown(one.detail)}"
    return shortened(one.body.decode())


def _document(name: str, trial: Trial) -> dict[str, Any]:
    return {
        "name": name,
        "request": shown(trial.request),
        "items": [_item(one) for one in trial.items],
        "next": shown(trial.next),
        "faults": list(trial.faults),
    }


def _item(one: Tried) -> dict[str, Any]:
    item = {"item": one.n, "outcome": one.outcome}
    if one.outcome != UNUSABLE:
        item["key"] = one.key
    if one.outcome == EVENT:
        time = None if one.time is None else rfc3339(one.time)
        data = json.loads(one.body) if one.body else None
        item |= {"type": one.type, "time": time, "data": data, "detail": shown(one.detail)}
    return item | ({"over": one.over} if one.over else {}) | ({"error": one.error} if one.error else {})
