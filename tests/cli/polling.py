"""A file with a poll and a watch, and what the provider lists."""

from typing import Final

from relay.clock import SECOND
from tests.clock import START

OLD: Final = {"id": "old", "at": START // SECOND - 3600}
NEW: Final = {"id": "new", "at": START // SECOND + 10}
BAD: Final = {"id": "bad", "at": "soon"}
POLL: Final = """
[poll.orders]
api = "shop"
path = "/orders"
items = "body"
id = "item.id"
time = "item.at"
"""
WATCH: Final = """
[watch.parcel]
api = "shop"
on = "true"
keys = "[string(event.data.id)]"
path = "/parcel/${keys[0]}"
items = "[body]"
id = "keys[0]"
change = "item.status"
until = 'item.status == "Delivered"'
"""


def api(url: str) -> str:
    """The table of an api whose token nobody here has."""
    return f'[api.shop]\nurl = "{url}"\n'
