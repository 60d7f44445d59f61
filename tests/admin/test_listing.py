"""Sources, routes, targets, the switches, the sums, the file."""

import pytest

from relay.admin.running import Reloaded
from relay.clock import SECOND, rfc3339
from relay.config.schema import Config
from relay.errors import Problem, StoreUnavailable
from relay.store.protocol import Store
from tests.admin.conftest import Call
from tests.admin.running import Here
from tests.clock import START
from tests.store.words import put


async def test_sources_are_listed_as_health_has_them(call: Call, here: Here) -> None:
    """Name, path and provider, and what `/health` shows; no secret."""
    here.heard["shop"] = START - SECOND
    status, document = await call("GET sources")
    assert status == 200
    shop, erp = document["sources"]
    assert shop == {
        "name": "shop",
        "path": "/in/shop",
        "provider": None,
        "status": "pass",
        "last_event": rfc3339(START - SECOND),
        "silence_seconds": 1.0,
    }
    assert (erp["name"], erp["last_event"]) == ("erp", None)


async def test_routes_are_listed(call: Call, here: Here) -> None:
    """As the file has them; of what shapes their events, whether there is any."""
    shaped = {"transform": "body.id", "headers": {"X-Order": "'hush hush'"}, "path": "/${body.id}"}
    rest = {"from": "*", "unrouted": True, "when": "body.n > 1", "to": "ledger", "on_error": "skip"}
    plain = {"from": ["shop"], "to": ["billing"]}
    here.config = Config.model_validate({"route": {"all": plain, "rest": rest | shaped}})
    every = {"name": "all", "from": ["shop"], "unrouted": False, "when": None, "to": ["billing"]}
    few = {"name": "rest", "from": ["*"], "unrouted": True, "when": "body.n > 1", "to": ["ledger"]}
    bare = {"transform": False, "headers": False, "path": False, "on_error": "dead"}
    made = {"transform": True, "headers": True, "path": True, "on_error": "skip"}
    assert await call("GET routes") == (200, {"routes": [every | bare, few | made]})


async def test_targets_are_listed_as_health_has_them(call: Call, store: Store) -> None:
    """Those of the file, then those it names no more; no address."""
    await put(store, to=("former",), at=START - 5 * SECOND)
    status, document = await call("GET targets")
    assert status == 200
    billing, ledger, former = document["targets"]
    assert billing == {
        "name": "billing",
        "status": "pass",
        "breaker": "closed",
        "paused": False,
        "pending": 0,
        "oldest_pending_seconds": None,
        "dead": 0,
    }
    assert ledger["name"] == "ledger"
    assert (former["missing"], former["pending"], former["oldest_pending_seconds"]) == (True, 1, 5.0)
    assert "secret-path" not in str(document)


async def test_a_target_is_paused_and_resumed(call: Call, store: Store) -> None:
    """200 and the target as it is now, when it is on disk."""
    status, document = await call("POST targets/billing/pause")
    assert (status, document["name"], document["paused"]) == (200, "billing", True)
    assert document["output"] == "paused (by hand): relay resume billing"
    assert store.target_state("billing").paused_at == START
    status, document = await call("POST targets/billing/resume")
    assert (status, document["paused"]) == (200, False)


async def test_a_pause_that_is_not_on_disk_is_503(
    call: Call, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not survive a restart, so it is not told as done."""

    async def fail() -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(store, "flush", fail)
    assert (await call("POST targets/billing/pause"))[0] == 503


async def test_what_a_switch_shows_is_of_now(call: Call, store: Store) -> None:
    """Not counts of a moment ago."""
    await call("GET targets")
    await put(store)
    assert (await call("POST targets/billing/pause"))[1]["pending"] == 1


async def test_an_unknown_target_is_404(call: Call) -> None:
    """With the name that was meant; nothing is remembered of it."""
    status, document = await call("POST targets/biling/pause")
    assert (status, document["hint"]) == (404, 'did you mean "billing"?')
    assert (await call("POST targets/%00/resume"))[0] == 404


async def test_a_target_that_left_the_file_can_be_paused(call: Call, store: Store) -> None:
    """As long as it has deliveries."""
    await put(store, to=("former",))
    status, document = await call("POST targets/former/pause")
    assert (status, document["paused"], document["missing"]) == (200, True, True)


async def test_the_sums_are_told(call: Call, store: Store) -> None:
    """Each name of the contract's, and no other."""
    await put(store, to=("billing", "ledger"))
    status, document = await call("GET audit")
    assert status == 200
    none = {"pruned": 0, "delivered": 0, "dead": 0, "skipped": 0}
    assert document == {
        "ok": True,
        "events": {"accepted": 1, "pending": 1, "unrouted": 0, **none},
        "deliveries": {"planned": 2, "pending": 2, **none},
        "problems": [],
    }


async def test_a_reload_tells_what_changed(call: Call, here: Here) -> None:
    """And what needs a restart."""
    here.reloaded = Reloaded(("source.shop.secret",), ("store.url",))
    assert await call("POST reload") == (
        200,
        {"changed": ["source.shop.secret"], "needs_restart": ["store.url"]},
    )


async def test_a_refused_reload_is_409_with_every_problem(call: Call, here: Here) -> None:
    """As `relay check` would print them."""
    problem = Problem("target.billing.url", "is no address", "https://HOST", line=7)
    here.reloaded = Reloaded(problems=(problem,), file="relay.toml")
    status, document = await call("POST reload")
    assert status == 409
    assert document["problems"] == ["relay.toml:7: target.billing.url: is no address (https://HOST)"]
    assert document["error"] == "the file was refused, the old one stays in force"
