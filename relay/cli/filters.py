"""The filters of the API as flags of the same names."""

import re
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from relay.clock import micros, rfc3339

Function = TypeVar("Function", bound=Callable[..., Any])

HELP: Final = {
    "source": ("NAME", "Of this source."),
    "type": ("TYPE", "Of this type."),
    "state": ("STATE", "pending, delivered, skipped, dead or unrouted."),
    "target": ("NAME", "With a delivery to this target; --state is that delivery's then."),
    "route": ("NAME", "With a delivery by this route; --state is that delivery's then."),
    "key": ("KEY", "The sender's own id."),
    "since": ("TIME", "Received then or later: RFC 3339, or how long ago (2h)."),
    "until": ("TIME", "Received before then."),
}
AGO: Final = re.compile(r"[0-9.]+(ms|s|m|h|d)")


def filter_options(function: Function) -> Function:
    """`--source --type --state --target --route --key --since --until`, given as keywords."""
    for name, (metavar, help) in reversed(HELP.items()):
        function = click.option(f"--{name}", name, metavar=metavar, help=help)(function)
    return function


def limit_option(help: str) -> Callable[[Function], Function]:
    return click.option("--limit", type=click.IntRange(min=1), metavar="N", help=help)


def given_filters(options: dict[str, Any]) -> dict[str, Any]:
    """What was given, times as moments: all pages of one command mean the same time."""
    given = {name: options[name] for name in HELP if options[name] is not None}
    for name in {"since", "until"} & given.keys():
        if AGO.fullmatch(given[name]):
            given[name] = _ago(given[name])
    return given


def _ago(text: str) -> str:
    from relay.config.types import parse_duration  # noqa: PLC0415  heavy, and rarely needed

    try:
        return rfc3339(time.time_ns() // 1000 - micros(parse_duration(text)))
    except ValueError:
        return text
