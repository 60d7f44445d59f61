"""What the commands for polls have in common: the documents of `GET polls`, of the daemon or without it."""

from typing import Any

import click

from relay.cli.api import NotRunning, api
from relay.cli.option import config_file


def polls(*, states: bool = False) -> dict[str, Any]:
    """What `GET polls` answers; with the daemon stopped what the file says, and the store if `states`."""
    try:
        return api().get("polls").document
    except NotRunning:
        from relay.cli.polls_stopped import stopped_polls  # noqa: PLC0415  only without a daemon

        return stopped_polls(config_file(), states=states)


def known(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Those of that name: a poll, a watch, or one of each."""
    found = [one for one in document["polls"] if one["name"] == name]
    if not found:
        from relay.config.choice import listed, meant  # noqa: PLC0415  heavy, and rarely needed

        hint = meant(name, [one["name"] for one in document["polls"]]) or "relay poll list has them"
        raise click.UsageError(f"there is no poll {listed([name])} ({hint})")
    return found


def percent(share: float) -> str:
    return f"{share:.0%}"


def second(at: str | None) -> str | None:
    """A moment of the API's for people, who need no microseconds."""
    return at and f"{at[:19]}Z"


def span(seconds: float) -> str:
    """As the file writes it: `90s`, `15m`, `2h`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"
