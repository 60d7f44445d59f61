"""`-c FILE`: every command takes it, before or after its other words; the last one counts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

DEFAULT_FILE: Final = "/etc/relay/relay.toml"
META: Final = "relay.file"
"""Where click keeps it, for all commands of one command line."""


@dataclass(frozen=True, slots=True)
class File:
    """The configuration file, and whether somebody named it (`-c`, $RELAY_CONFIG)."""

    path: Path
    named: bool


def config_option() -> click.Option:
    """A new `-c`."""
    return click.Option(
        ["-c", "--config"],
        metavar="FILE",
        help=f"The configuration.  [default: $RELAY_CONFIG, else {DEFAULT_FILE}]",
        expose_value=False,
        callback=_choose,
    )


def _choose(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[META] = value


def config_file() -> File:
    """The file that this command line means."""
    named = click.get_current_context().meta.get(META) or os.environ.get("RELAY_CONFIG")
    return File(Path(named or DEFAULT_FILE), bool(named))


class Command(click.Command):
    """A command that takes `-c`."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.params.append(config_option())
