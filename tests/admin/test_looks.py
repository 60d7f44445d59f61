"""`/livez`, `/readyz`, `/health`, `/metrics`: no token, and what the contract says of each."""

import pytest

from relay.clock import SECOND
from relay.delivery import Dead
from relay.store.protocol import Pulse, Store
from tests.admin.conftest import Client
from tests.admin.running import Here, end
from tests.clock import START, ManualClock
from tests.store.words import put, put_many

METRICS = [
    "relay_events_received_total",
    "relay_ack_duration_seconds",
    "relay_commit_duration_seconds",
    "relay_outbox_pending",
    "relay_outbox_oldest_age_seconds",
    "relay_deliveries_total",
    "relay_delivery_duration_seconds",
    "relay_dead_letters",
    "relay_duplicates_total",
    "relay_source_last_event_timestamp_seconds",
    "relay_target_paused",
    "relay_build_info",
]
"""The contract's, but for those of polls."""


async def get(client: Client, path: str) -> tuple[int, str]:
    async with client.get(path) as response:
        return response.status, await response.text()


async def sample(client: Client, line: str) -> float | None:
    """The value of one sample of `/metrics`; None where there is none."""
    _, text = await get(client, "/metrics")
    values = [found.rpartition(" ")[2] for found in text.splitlines() if found.rpartition(" ")[0] == line]
    return float(values[0]) if values else None


async def test_it_is_alive_while_the_writer_answers(
    client: Client, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it with an error: a full disk must not become a restart loop."""
    assert (await get(client, "/livez"))[0] == 200
    monkeypatch.setattr(here.store, "pulse", lambda: Pulse(True, "full", 0.1))
    assert (await get(client, "/livez"))[0] == 200
    monkeypatch.setattr(here.store, "pulse", lambda: Pulse(False, "hangs", 0.1))
    assert (await get(client, "/livez"))[0] == 503


@pytest.mark.parametrize("why", ["starting", "draining"])
async def test_ready_and_health_fail_together(client: Client, here: Here, why: str) -> None:
    """503 of one is 503 of the other."""
    assert [(await get(client, path))[0] for path in ("/readyz", "/health")] == [200, 200]
    here.state = why
    assert [(await get(client, path))[0] for path in ("/readyz", "/health")] == [503, 503]
    assert (await get(client, "/livez"))[0] == 200


async def test_a_target_that_is_not_well_fails_nothing(client: Client, here: Here, store: Store) -> None:
    """A warning is 200."""
    here.pause("billing")
    status, text = await get(client, "/health")
    assert (status, '"status":"warn"' in text) == (200, True)
    assert (await get(client, "/readyz"))[0] == 200


async def test_health_has_its_media_type(client: Client) -> None:
    """By which monitors know it."""
    async with client.get("/health") as response:
        assert response.headers["Content-Type"] == "application/health+json"


async def test_every_metric_of_the_contract_is_there(client: Client) -> None:
    """By name, and in Prometheus' text format."""
    async with client.get("/metrics") as response:
        text = await response.text()
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert {name for name in METRICS if name not in families} == set()


async def test_gauges_are_of_the_store(client: Client, store: Store, clock: ManualClock) -> None:
    """Pending, the age of the oldest, dead, paused: at the moment of the scrape."""
    await put_many(store, 2, to=("billing",))
    await put(store, to=("ledger",))
    await end(store, Dead("gone"), "ledger")
    clock.advance(30)
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 2
    assert await sample(client, 'relay_outbox_oldest_age_seconds{target="billing"}') == 30
    assert await sample(client, 'relay_dead_letters{target="ledger"}') == 1
    assert await sample(client, 'relay_target_paused{target="billing"}') == 0


async def test_a_paused_target_shows_at_once(client: Client, here: Here) -> None:
    """It is at hand in memory."""
    assert await sample(client, 'relay_target_paused{target="billing"}') == 0
    here.pause("billing")
    assert await sample(client, 'relay_target_paused{target="billing"}') == 1


async def test_a_source_shows_its_last_event(client: Client, here: Here) -> None:
    """Not before it had one; also one that was before this start."""
    line = 'relay_source_last_event_timestamp_seconds{source="shop"}'
    assert await sample(client, line) is None
    here.heard["shop"] = START
    assert await sample(client, line) == START / SECOND


async def test_targets_that_vanished_show_no_more(client: Client, here: Here, clock: ManualClock) -> None:
    """After a reload without them, when nothing is owed."""
    assert await sample(client, 'relay_outbox_pending{target="ledger"}') == 0
    kept = {name: table for name, table in here.config.target.items() if name != "ledger"}
    here.config = here.config.model_copy(update={"target": kept})
    clock.advance(2)
    assert await sample(client, 'relay_outbox_pending{target="ledger"}') is None
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 0


async def test_counts_are_read_once_a_second(client: Client, store: Store, clock: ManualClock) -> None:
    """However often somebody scrapes a store with a million rows."""
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 0
    await put(store)
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 0
    clock.advance(1)
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 1


async def test_a_store_that_cannot_be_read_is_told_and_no_error(
    client: Client, here: Here, store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health warns, metrics leave the counts out once they are old."""

    async def broken(_since: int) -> None:
        raise OSError("the disk is gone")

    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 0
    monkeypatch.setattr(store, "stats", broken)
    clock.advance(59)
    assert await sample(client, 'relay_outbox_pending{target="billing"}') == 0
    clock.advance(1)
    assert await sample(client, 'relay_outbox_pending{target="billing"}') is None
    status, text = await get(client, "/health")
    assert (status, "cannot be read" in text) == (200, True)
