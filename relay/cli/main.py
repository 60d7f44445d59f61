"""The `relay` command: its subcommands, one module each, and how they end."""

import sys
from collections.abc import Sequence
from typing import Final

import click

from relay import __version__
from relay.cli.commands import Commands
from relay.errors import ConfigError, RelayError

COMMANDS: Final = {
    "run": "The daemon, in the foreground.",
    "check": "Load the configuration and tell every problem in it.",
    "reload": "Make the running daemon read its file again.",
    "send": "Sign an event as its sender would, and post it.",
    "events": "List events, newest first.",
    "show": "One event whole, with the history of its deliveries.",
    "replay": "Deliver again, by id or by filter.",
    "discard": "Give up pending deliveries of a target.",
    "pause": "Stop delivering to a target; its deliveries are kept.",
    "resume": "Deliver to a target again.",
    "status": "Whether the daemon is well, and all that it looks at.",
    "poll": "Polls and watches: list them, run, try or reset one.",
    "backfill": "Read a stretch of a poll's past again.",
    "audit": "Prove that nothing was lost: the sums of the store.",
    "providers": "The senders that relay knows by name, and how to set one up.",
    "schema": "The JSON Schema of the configuration file.",
}
"""Each is `command` in the module of its name, which is imported when it is used."""
FAILED: Final = 1
MISUSED: Final = 2
"""A wrong command line, or a configuration that cannot be used."""
INTERRUPTED: Final = 130


group = Commands(
    "relay",
    COMMANDS,
    "relay.cli.",
    "Receive webhooks without losing any: on disk before the answer, forwarded until they arrive.",
)
click.version_option(__version__, prog_name="relay")(group)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command line (None: the process's own) and exit: 0 done, 1 failed, 2 usage or configuration."""
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        code = group.main(args, prog_name="relay", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ConfigError as error:
        click.echo(str(error), err=True)
        return MISUSED
    except RelayError as error:
        click.echo(f"relay: {error}", err=True)
        return FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("relay: interrupted", err=True)
        return INTERRUPTED
    return code if isinstance(code, int) else 0
