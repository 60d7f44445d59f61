"""From a target's table to the target: the only file that lists the kinds there are."""

from dataclasses import dataclass, field

from aiohttp import ClientSession

from relay.config.schema import TargetConfig
from relay.deliver.headers import Envelope
from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.log import LogTarget, Printer
from relay.deliver.targets.protocol import Target


@dataclass(frozen=True, slots=True)
class Means:
    """What targets share."""

    session: ClientSession
    envelope: Envelope
    printer: Printer = field(default_factory=Printer)


def open_target(table: TargetConfig, means: Means) -> Target:
    """The target of a table that has been checked."""
    url = table.address
    if url.startswith("log:"):
        return LogTarget(means.printer, table.timeout)
    return HttpTarget(url, table.timeout, table.connect_timeout, means.session, means.envelope.headers)
