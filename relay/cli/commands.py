"""Groups of commands: each command is a module of its own, imported when it is called."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module

import click
from typing_extensions import override

from relay.cli.option import config_option


class Commands(click.Group):
    """Knows its commands by name; that of `NAME` is `command` in the module `prefix` + NAME."""

    def __init__(self, name: str, texts: Mapping[str, str], prefix: str, text: str) -> None:
        super().__init__(name, params=[config_option()], help=text, short_help=text)
        self._texts = texts
        self._prefix = prefix

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._texts)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._texts:
            raise click.UsageError(f"there is no command {cmd_name!r}{self._meant(cmd_name)}", ctx)
        command: click.Command = import_module(f"{self._prefix}{cmd_name}").command
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._texts.items()))

    def _meant(self, word: str) -> str:
        close = get_close_matches(word, self._texts, n=1)
        return f" (did you mean {close[0]!r}?)" if close else ""
