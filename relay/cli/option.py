"""`-c FILE`: every command takes it, before or after its other words; the last one counts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

DEFAULT_FILE: Final = "/etc/relay/relay.toml"
SYSTEM_CREDENTIALS: Final = "/run/credentials/relay.service"
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


def environ() -> Mapping[str, str]:
    """The environment; where it names no credentials, with those of systemd's daemon, which root can read."""
    if "CREDENTIALS_DIRECTORY" in os.environ or not os.access(SYSTEM_CREDENTIALS, os.R_OK):
        return os.environ
    return {**os.environ, "CREDENTIALS_DIRECTORY": SYSTEM_CREDENTIALS}


class Command(click.Command):
    """A command that takes `-c`."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.params.append(config_option())
