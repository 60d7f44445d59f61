"""`relay check`."""

import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import click

from relay.cli.option import Command, config_file
from relay.config.load import Loaded
from relay.config.target import TargetConfig
from relay.parts import load_parts

PLURALS: Final = {
    "source": "sources",
    "target": "targets",
    "route": "routes",
    "poll": "polls",
    "watch": "watches",
}
ALWAYS: Final = ("source", "target", "route")
"""What every relay has: told also where there is none."""
PORTS: Final = {"http": 80, "https": 443}


@click.command("check", cls=Command)
@click.option("--connect", is_flag=True, help="Also try to connect to each http target.")
def command(*, connect: bool) -> int:
    """Load the configuration: exit 0, or 2 and every problem in it. Warnings are no problems."""
    loaded, _ = load_parts(config_file().path, checking=True)
    for warning in loaded.warnings:
        click.echo(warning.at(str(loaded.file)), err=True)
    refused = list(_unreachable(loaded)) if connect else []
    for line in refused:
        click.echo(line, err=True)
    click.echo(f"{loaded.file}: {_counted(loaded)}")
    return 1 if refused else 0


def _counted(loaded: Loaded) -> str:
    config = loaded.config
    counts = {kind: len(getattr(config, kind)) for kind in ("source", "target", "route", "poll", "watch")}
    words = [f"{count} {PLURALS[kind]}" for kind, count in counts.items() if count or kind in ALWAYS]
    return f"ok, {', '.join(words)}"


def _unreachable(loaded: Loaded) -> Iterable[str]:
    """What is wrong with the way to each target; those that answer are told on the way."""
    for name, target in loaded.config.target.items():
        if not target.address.startswith("log:"):
            problem = _connect(target)
            if problem is None:
                click.echo(f"target.{name}: connected")
            else:
                line = loaded.locate(f"target.{name}.url")
                yield f"{loaded.file}:{line}: target.{name}.url: cannot be connected to: {problem}"


def _connect(target: TargetConfig) -> str | None:
    """Why no connection can be made; None if one was. Nothing is sent, nor the address told."""
    url = urlsplit(target.address)
    try:
        port = url.port or PORTS[url.scheme]
        socket.create_connection((url.hostname or "", port), target.connect_timeout).close()
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
