"""`relay check`."""

import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import click

from relay.cli.option import Command, config_file
from relay.config.load import Loaded
from relay.config.secret import Secret
from relay.config.target import TargetConfig
from relay.parts import load_parts

PLURALS: Final = {
    "source": "sources",
    "target": "targets",
    "route": "routes",
    "poll": "polls",
    "watch": "watches",
    "enrich": "enrichments",
}
ALWAYS: Final = ("source", "target", "route")
"""What every relay has: told also where there is none."""
PORTS: Final = {
    "http": 80,
    "https": 443,
    "nats": 4222,
    "tls": 4222,
    "amqp": 5672,
    "amqps": 5671,
    "kafka": 9092,
    "redis": 6379,
    "rediss": 6379,
}
"""Where each kind of target listens that is reached over a network, if its url does not say."""


@click.command("check", cls=Command)
@click.option("--connect", is_flag=True, help="Also try to connect to each target that has an address.")
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
    counts = {kind: len(getattr(config, kind)) for kind in PLURALS}
    words = [f"{count} {PLURALS[kind]}" for kind, count in counts.items() if count or kind in ALWAYS]
    return f"ok, {', '.join(words)}"


def _unreachable(loaded: Loaded) -> Iterable[str]:
    """What is wrong with the way to each target; those that answer are told on the way."""
    for name, target in loaded.config.target.items():
        if _has_address(target):
            problem = _connect(target)
            if problem is None:
                click.echo(f"target.{name}: connected")
            else:
                line = loaded.locate(f"target.{name}.url")
                yield f"{loaded.file}:{line}: target.{name}.url: cannot be connected to: {problem}"


def _has_address(target: TargetConfig) -> bool:
    """One that is on this machine has none; one whose url is a credential has none that is at hand."""
    return target.scheme in PORTS and not (isinstance(target.url, Secret) and target.url.missing)


def _connect(target: TargetConfig) -> str | None:
    """Why no connection can be made, to none of its hosts; None if one was. Nothing is sent, nor is the
    address told.
    """
    problem = None
    for place in urlsplit(target.address).netloc.rpartition("@")[2].split(","):
        host = urlsplit(f"//{place}")
        try:
            there = (host.hostname or "", host.port or PORTS[target.scheme])
            socket.create_connection(there, target.connect_timeout).close()
        except (OSError, UnicodeError) as error:
            problem = getattr(error, "strerror", None) or str(error)
        else:
            return None
    return problem
