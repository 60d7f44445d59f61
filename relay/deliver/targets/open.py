"""From a target's table to the target: the only file that lists the kinds there are."""

from typing import Final

from relay.config.target import TargetConfig
from relay.deliver.targets import amqp, file, http, kafka, log, nats, program, redis
from relay.deliver.targets.means import Maker, Means, Prepare
from relay.deliver.targets.outgoing import Outgoing, outgoing
from relay.errors import Problem

__all__ = ["Maker", "Means", "Outgoing", "outgoing", "prepare_target"]

KINDS: Final[dict[str, Prepare]] = {
    "http": http.prepare,
    "log": log.prepare,
    "exec": program.prepare,
    "file": file.prepare,
    "nats": nats.prepare,
    "amqp": amqp.prepare,
    "kafka": kafka.prepare,
    "redis": redis.prepare,
}


def prepare_target(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target of a table, or all that is wrong with it."""
    return KINDS[table.kind](name, table)
