"""The polls and watches of a daemon that is not running: by its file, and what its store remembers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from relay.admin.counts import LATELY
from relay.admin.poll_view import Seen, poll_check, poll_document, seen_poll, seen_watch
from relay.cli.offline import look
from relay.cli.option import File, environ
from relay.clock import SystemClock
from relay.config.load import load
from relay.config.schema import Config
from relay.config.secret import STAND_IN
from relay.store.progress import Json
from relay.store.protocol import Archive, Stats

States = Mapping[str, Mapping[str, Json]]
OF_THE_SYSTEM: Final = frozenset({"CREDENTIALS_DIRECTORY", "RELAY_CONFIG", "STATE_DIRECTORY"})


class StandIns(dict[str, str]):
    """The environment, with a value for every secret: whoever asks nobody needs none."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default if name in OF_THE_SYSTEM else STAND_IN)


def stand_ins() -> StandIns:
    """Of this process."""
    return StandIns(environ())


def stopped_polls(file: File, *, states: bool) -> dict[str, Any]:
    """What `GET polls` would answer, of which only a daemon knows the next pass of a gap."""
    config = load(file.path, checking=True, environ=stand_ins()).config
    if states:
        remembered, stats = look(file, _remembered)
    else:
        click.echo(f"relay is not running: this is what {file.path} says", err=True)
        remembered, stats = {}, None
    seen = _seen(config, remembered)
    return {"polls": [poll_document(one, stats, config.health) for one in seen]}


def stopped_checks(file: File, remembered: States, stats: Stats) -> dict[str, Any]:
    """Of polls and watches as `/health` would have them."""
    config = load(file.path, checking=True, environ=stand_ins()).config
    return {one.check_name: [poll_check(one, stats, config.health)] for one in _seen(config, remembered)}


async def _remembered(archive: Archive) -> tuple[States, Stats]:
    return await archive.poll_states(), await archive.stats(SystemClock().now() - LATELY)


def _seen(config: Config, remembered: States) -> Iterator[Seen]:
    def recall(poll: str, part: str) -> Json | None:
        return remembered.get(poll, {}).get(part)

    now = SystemClock().now()
    for name, poll in config.poll.items():
        yield seen_poll(name, poll, recall, None, now)
    for name, watch in config.watch.items():
        yield seen_watch(name, watch, recall, None)
