"""A daemon that polls a provider on 127.0.0.1, as the admin side sees it."""

from typing import Any, Final

from relay.clock import SECOND
from relay.config.schema import Config
from tests.admin.conftest import Call
from tests.admin.running import Here
from tests.clock import START
from tests.eventually import eventually
from tests.poll.provider import Provider

ORDERS: Final = {"api": "shop", "path": "/orders", "items": "body", "id": "item.id", "time": "item.at"}
OLD: Final = {"id": "old", "at": START // SECOND - 3600}
NEW: Final = {"id": "new", "at": START // SECOND + 10}
BAD: Final = {"id": "bad", "at": "soon"}


def config(provider: Provider, poll: dict[str, Any] | None = None, **tables: Any) -> Config:
    """A file with the poll `orders`, its table changed by `poll`."""
    polls = {"orders": ORDERS | (poll or {})}
    source = {"shop": {"verify": "none", "expect_every": 60.0}}
    given = {"api": {"shop": {"url": provider.url}}, "source": source, "poll": polls} | tables
    return Config.model_validate(given)


async def opened(here: Here, provider: Provider, poll: dict[str, Any] | None = None, **tables: Any) -> None:
    """The daemon polls, and its first pass is over."""
    here.poll(config(provider, poll, **tables))
    keepers = here.poller.keepers["orders"]
    await eventually(lambda: all(keeper.state.passed for keeper in keepers))
    await here.store.flush()


async def listed(call: Call) -> dict[str, Any]:
    """The first one of `GET polls`."""
    status, document = await call("GET polls")
    assert status == 200
    found: dict[str, Any] = document["polls"][0]
    return found
