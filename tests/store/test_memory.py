"""What is known of targets, over restarts."""

from relay.clock import SECOND
from relay.store.protocol import Store
from relay.target import TargetState
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import caught_up, claimed, put

DOWN = TargetState(
    paused_at=1, paused_why="answered 410 ☃", missing_at=2, stopped=3, down_at=4, down_why="refused",
    probe_at=5, probes=6, wait_until=7,
)  # fmt: skip


async def test_a_target_is_well_until_something_is_known(store: Store) -> None:
    """And nothing is remembered of it."""
    assert store.target_state("billing") == TargetState()
    assert store.target_names() == set()


async def test_what_is_remembered_is_at_hand_at_once(store: Store) -> None:
    """Not only after the next commit."""
    store.remember("billing", DOWN)
    assert store.target_state("billing") == DOWN
    assert store.target_names() == {"billing"}


async def test_what_is_remembered_survives_a_restart(store: Store, home: Home) -> None:
    """Every word of it, and the last word of each target."""
    store.remember("billing", TargetState())
    store.remember("ledger", DOWN)
    await store.flush()
    store.remember("billing", DOWN)
    store.remember("ledger", TargetState())
    again = await home.restart()
    assert (again.target_state("billing"), again.target_state("ledger")) == (DOWN, TargetState())
    assert again.target_names() == {"billing", "ledger"}


async def test_a_delivery_is_born_in_its_targets_own_time(store: Store, home: Home) -> None:
    """The time a target stood still is not counted, nor is it when memory has let go of the delivery."""
    store.remember("billing", TargetState(stopped=100 * SECOND))
    await caught_up(store)
    await put(store)
    (hot,) = await claimed(store)
    (cold,) = await claimed(await home.restart())
    assert (hot.born, cold.born) == (START - 100 * SECOND, START - 100 * SECOND)
