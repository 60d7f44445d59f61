"""`relay providers`."""

import textwrap
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from relay.cli.option import Command, config_file
from relay.cli.output import json_option, print_json, print_table
from relay.config.choice import listed, meant
from relay.receive.providers.preset import Preset, presets

SOMEWHERE: Final = "https://YOUR-HOST"
"""Stands for the public URL where no file tells it."""


KEYED: Final = frozenset({"discord", "paypal", "sendgrid", "sns"})
"""Whose private key nobody else has: `relay send` signs with one of its own."""


@click.command("providers", cls=Command)
@click.argument("name", required=False)
@json_option()
def command(name: str | None, *, as_json: bool) -> None:
    """The senders that relay knows by name; with NAME, how to set one up."""
    known = dict(sorted(presets(), key=lambda each: each[0]))
    if name is None:
        _list(known, as_json=as_json)
    elif name in known:
        _introduce(name, known[name], as_json=as_json)
    else:
        hint = meant(name, known) or "relay providers lists them"
        raise click.UsageError(f"there is no provider {listed([name])} ({hint})")


def _list(known: dict[str, Preset], *, as_json: bool) -> None:
    rows: Sequence[tuple[str, str, str]] = [
        (name, preset.title, preset.needs) for name, preset in known.items()
    ]
    if as_json:
        print_json({"providers": [dict(zip(("name", "title", "needs"), row, strict=True)) for row in rows]})
    else:
        print_table(("name", "title", "needs"), rows)


def _introduce(name: str, preset: Preset, *, as_json: bool) -> None:
    """The lines to paste, what to enter at the provider's page, and what to do then."""
    (source,) = tomllib.loads(preset.setup.config)["source"]
    url = f"{_public_url(config_file().path)}/in/{source}"
    enter = preset.setup.enter.replace("{url}", url)
    if as_json:
        said = {"name": name, "title": preset.title, "needs": preset.needs}
        print_json({**said, "config": preset.setup.config, "url": url, "enter": enter})
        return
    click.echo(f"{preset.setup.config}\n{enter}")
    key = f" --key {source}.pem" if name in KEYED else ""
    reload = (
        "restart relay (a reload sees no new secret)" if "env =" in preset.setup.config else "relay reload"
    )
    types = ", ".join(dict.fromkeys(sample.type for sample in preset.sample))
    click.echo(textwrap.fill(f"Samples to send by --type: {types}.", 115))
    click.echo(f"Then: relay check, {reload}; relay send {source}{key} posts a sample.")


def _public_url(file: Path) -> str:
    """As the file has it, if there is one that can be read; the rest of it may be wrong."""
    try:
        raw: Any = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return SOMEWHERE
    server = raw.get("server")
    url = server.get("public_url") if isinstance(server, dict) else None
    return url.rstrip("/") if isinstance(url, str) and url.startswith(("https://", "http://")) else SOMEWHERE
