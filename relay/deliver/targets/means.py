"""What targets are made with: the session, the clock and the printer that all of them share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import ClientSession

from relay.clock import Clock
from relay.config.target import TargetConfig
from relay.deliver.targets.printer import Printer
from relay.deliver.targets.protocol import Target
from relay.errors import Problem


@dataclass(frozen=True, slots=True)
class Means:
    """What targets share."""

    session: ClientSession
    clock: Clock
    printer: Printer = field(default_factory=Printer)


Maker = Callable[[Means], Target]
"""Makes the target of a table that has been checked; nothing is connected yet."""
Prepare = Callable[[str, TargetConfig], Maker | list[Problem]]
"""From a target's name and table to its maker, or to all that is wrong with the table: what cannot be used,
what is not installed."""
