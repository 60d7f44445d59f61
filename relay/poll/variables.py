"""What the expressions of a poll or a watch may name, and when.

`each since until now cursor`, of a watch `event keys started now`, are there from the beginning; `body
headers status page` once there is an answer, `items` once they are taken out of it, `item` for each of them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from relay.clock import rfc3339
from relay.expression.environment import Environment
from relay.seen import EVENT_PARTS

REQUEST: Final = {
    "each": "map(string, string)",
    "since": "dyn",  # null at start = "all"
    "until": "timestamp",
    "now": "timestamp",
    "cursor": "dyn",  # null until there is one
}
WATCHED: Final = {"event": "dyn", "keys": "list(string)", "started": "timestamp", "now": "timestamp"}
"""Instead of REQUEST: a watch reads no list, so that it has no cursor in one."""
ANSWER: Final = {"body": "dyn", "headers": "map(string, string)", "status": "int", "page": "int"}
STAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "request": REQUEST,
    "answer": REQUEST | ANSWER,
    "items": REQUEST | ANSWER | {"items": "list"},
    "item": REQUEST | ANSWER | {"items": "list", "item": "dyn"},
    "event": {"event": "dyn"},
    "on": EVENT_PARTS,
}
Variables = dict[str, Any]


@cache
def environment(stage: str, *, watch: bool = False) -> Environment:
    """What may be named at a stage."""
    return Environment(_variables(stage, watch=watch))


def named(stage: str, *, watch: bool = False) -> str:
    """The same in words, for a hint."""
    names = [name for name in _variables(stage, watch=watch) if "." not in name]
    return "CEL over " + ", ".join(names)


def _variables(stage: str, *, watch: bool) -> Mapping[str, str]:
    if not watch or stage in {"event", "on"}:
        return STAGES[stage]
    return WATCHED | {name: kind for name, kind in STAGES[stage].items() if name not in REQUEST}


def shown(at: int | None) -> str | None:
    """For people, and for JSON."""
    return None if at is None else rfc3339(at)
