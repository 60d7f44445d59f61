"""Lists as providers keep them, for a `Provider` to answer with."""

from collections.abc import Callable
from typing import Any

from tests.poll.provider import Asked, Says
from tests.poll.stand import at

NEWEST = """
path = "/v1/events"
query = { limit = 2, "created[gte]" = "${unix(since)}" }
items = "body.data"
id = "item.id"
type = "item.type"
time = "ts(item.created)"
order = "newest"
next = 'body.has_more ? {"query": {"starting_after": last(items).id}} : null'
start = "all"
"""
"""A poll of a `Shop`."""
PLAIN = """
path = "/things"
items = "body"
id = "item.id"
time = "ts(item.at)"
start = "all"
"""
"""A poll of one page of `things`."""


class Shop:
    """Newest first, pages by the last id, filtered by time."""

    def __init__(self, *items: tuple[str, float]) -> None:
        self.items: list[dict[str, Any]] = []
        self.before: Callable[[int], None] = lambda _number: None
        """Called before each answer, with the number of the request."""
        self.requests = 0
        for id, seconds in items:
            self.add(id, seconds)

    def add(self, id: str, seconds: float) -> None:
        """An item of so many seconds after the test's beginning."""
        self.items.append({"id": id, "type": "paid", "created": at(seconds)})

    def __call__(self, asked: Asked) -> Says:
        self.requests += 1
        self.before(self.requests)
        since = int(asked.query.get("created[gte]", 0))
        rows = [item for item in self.items if item["created"] >= since]
        rows.sort(key=lambda item: (item["created"], item["id"]), reverse=True)
        after = asked.query.get("starting_after")
        if after is not None:
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        limit = int(asked.query["limit"])
        return Says({"data": rows[:limit], "has_more": len(rows) > limit})


def things(*items: tuple[str | int, float], **further: Any) -> Callable[[Asked], Says]:
    """One page with all of them."""
    return lambda _asked: Says([{"id": id, "at": at(seconds), **further} for id, seconds in items])


def scripted(*answers: Says | Callable[[Asked], Says]) -> Callable[[Asked], Says]:
    """One answer after the other; the last one from then on."""
    left = list(answers)

    def answer(asked: Asked) -> Says:
        said = left.pop(0) if len(left) > 1 else left[0]
        return said if isinstance(said, Says) else said(asked)

    return answer
