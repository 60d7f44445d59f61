"""Replays and discards: by id and by filter, in pages, at a pace, or only counted."""

import pytest

from relay.admin import replay
from relay.clock import SECOND, parse_rfc3339
from relay.delivery import Dead, Delivered
from relay.store.protocol import Store
from tests.admin.conftest import Call
from tests.admin.running import Here, end
from tests.clock import START
from tests.store.words import claimed_all, put, put_many, sound, states


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two events to a transaction."""
    monkeypatch.setattr(replay, "PAGE_EVENTS", 2)


async def test_one_event_is_due_again(call: Call, store: Store) -> None:
    """202 and how many; the same delivery, under the same key."""
    receipt = await put(store)
    await end(store, Delivered())
    assert await call(f"POST events/{receipt.id}/replay") == (202, {"events": 1, "deliveries": 1})
    (delivery,) = await claimed_all(store)
    assert (delivery.key, delivery.attempts) == (f"{receipt.id}-1", 1)


async def test_fresh_gives_a_new_key(call: Call, store: Store) -> None:
    """For targets that remember the old one."""
    receipt = await put(store)
    await end(store, Delivered())
    assert (await call(f"POST events/{receipt.id}/replay", {"fresh": True}))[0] == 202
    (delivery,) = await claimed_all(store)
    assert delivery.key != f"{receipt.id}-1"


async def test_one_target_of_an_event(call: Call, store: Store) -> None:
    """The filters narrow a single event's deliveries, too."""
    receipt = await put(store, to=("billing", "ledger"))
    await end(store, Delivered())
    await end(store, Delivered(), "ledger")
    assert await call(f"POST events/{receipt.id}/replay", {"target": "ledger"}) == (
        202,
        {"events": 1, "deliveries": 1},
    )
    assert await states(store, receipt.id) == ["pending", "delivered", "pending"]


@pytest.mark.usefixtures("small_pages")
async def test_many_are_replayed_over_pages(call: Call, store: Store) -> None:
    """All that the filter means and no others, whatever a transaction takes."""
    ids = await put_many(store, 5)
    await end(store, Dead("gone"))
    other = await put(store)
    assert await call("POST replay", {"state": "dead"}) == (202, {"events": 5, "deliveries": 5})
    assert {(await states(store, id))[0] for id in ids} == {"pending"}
    assert len(await claimed_all(store)) == 6
    assert other.id not in ids
    await sound(store)


@pytest.mark.usefixtures("small_pages")
async def test_a_rate_spaces_all_pages(call: Call, store: Store) -> None:
    """One pace from the first delivery to the last, over pages and over calls."""
    await put_many(store, 6)
    await end(store, Delivered())
    _, first = await call("POST replay", {"source": "shop", "rate": "2/s", "limit": 3})
    fields = {"source": "shop", "rate": "2/s", "limit": 3, "cursor": first["next"]}
    _, second = await call("POST replay", fields)
    assert (first["deliveries"], second["deliveries"]) == (3, 3)
    _, page = await call("GET events")
    due = [parse_rfc3339(event["deliveries"][0]["next_at"]) - START for event in page["events"]]
    assert due == [n * SECOND // 2 for n in reversed(range(6))]


@pytest.mark.usefixtures("small_pages")
async def test_a_limit_bounds_a_call_and_a_cursor_goes_on(call: Call, store: Store) -> None:
    """`next` is null when all are done."""
    await put_many(store, 5)
    await end(store, Delivered())
    status, answer = await call("POST replay", {"source": "shop", "limit": 3})
    assert (status, answer["events"], answer["deliveries"]) == (202, 3, 3)
    _, answer = await call("POST replay", {"source": "shop", "limit": 3, "cursor": answer["next"]})
    assert answer == {"events": 2, "deliveries": 2, "next": None}


@pytest.mark.usefixtures("small_pages")
async def test_what_comes_meanwhile_is_not_replayed(call: Call, store: Store) -> None:
    """Neither in the call that began it, nor in those that go on with it."""
    await put_many(store, 4)
    await end(store, Delivered())
    _, first = await call("POST replay", {"source": "shop", "limit": 1})
    await put_many(store, 5)
    _, second = await call("POST replay", {"source": "shop", "limit": 1, "cursor": first["next"]})
    _, third = await call("POST replay", {"source": "shop", "limit": 9, "cursor": second["next"]})
    assert (first["events"], second["events"]) == (1, 1)
    assert third == {"events": 2, "deliveries": 2, "next": None}


@pytest.mark.usefixtures("small_pages")
async def test_a_dry_run_counts_and_changes_nothing(call: Call, store: Store) -> None:
    """200 with the same numbers; every delivery stays as it was."""
    ids = await put_many(store, 3)
    await end(store, Delivered())
    fields = {"source": "shop", "dry_run": True}
    assert await call("POST replay", fields) == (200, {"events": 3, "deliveries": 3})
    one = await call(f"POST events/{ids[0]}/replay", {"dry_run": True})
    assert one == (200, {"events": 1, "deliveries": 1})
    assert await call("POST discard", fields) == (200, {"deliveries": 0})
    assert [(await states(store, id))[0] for id in ids] == ["delivered"] * 3


async def test_an_unrouted_event_is_planned_by_todays_routes(call: Call, store: Store) -> None:
    """What no route took when it came is owed to those that take it now."""
    receipt = await put(store, to=())
    assert await call("POST replay", {"state": "unrouted"}) == (202, {"events": 1, "deliveries": 1})
    assert await states(store, receipt.id) == ["pending", "pending"]


@pytest.mark.usefixtures("small_pages")
async def test_pending_ones_are_discarded(call: Call, store: Store) -> None:
    """They are dead with the reason; other targets and other states stay."""
    done = await put(store)
    await end(store, Delivered())
    ids = await put_many(store, 3, to=("billing", "ledger"))
    assert await call("POST discard", {"target": "billing"}) == (200, {"deliveries": 3})
    assert await states(store, done.id) == ["delivered", "delivered"]
    assert await states(store, ids[0]) == ["pending", "dead", "pending"]
    _, event = await call(f"GET events/{ids[0]}")
    assert event["deliveries"][0]["last_error"] == "discarded"
    await sound(store)


@pytest.mark.parametrize("path", ["replay", "discard"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        (None, 400),
        ({"limit": 5}, 400),
        ({"target": None}, 400),
        ({"target": ""}, 400),
        ({"target": 5}, 400),
        ({"source": "shop", "limit": "5"}, 400),
        ({"source": "shop", "limit": True}, 400),
        ({"source": "shop", "cursor": "00000000000000000000"}, 400),
        ({"source": "shop", "cursor": "00000000000000000000.x"}, 400),
        ({"source": "shop", "dry_run": "yes"}, 400),
        ({"sauce": "shop"}, 400),
        ([], 400),
        ("shop", 400),
    ],
)
async def test_what_cannot_be_meant_is_refused(call: Call, path: str, fields: object, status: int) -> None:
    """No filter at all is not taken for every event there is."""
    answer, document = await call(f"POST {path}", fields)
    assert answer == status
    assert document.keys() == {"error", "hint"}


@pytest.mark.parametrize("rate", ["5", 5, "0/s", "1/y", "", True])
async def test_a_rate_that_is_none_is_refused(call: Call, rate: object) -> None:
    """It is text, with its time."""
    status, document = await call("POST replay", {"source": "shop", "rate": rate})
    assert (status, "rate" in document["error"] or "/s" in document["hint"]) == (400, True)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b"NaN", b'{"a": 1'])
async def test_what_is_no_json_is_refused(call: Call, raw: bytes) -> None:
    """However deep."""
    assert (await call("POST replay", raw=raw))[0] == 400


async def test_discarding_at_an_unknown_target_is_404(call: Call) -> None:
    """With the name that was meant."""
    status, document = await call("POST discard", {"target": "biling"})
    assert (status, document["hint"]) == (404, 'did you mean "billing"?')


async def test_a_target_that_left_the_file_can_be_discarded(call: Call, store: Store) -> None:
    """It still has deliveries, so it is known."""
    await put(store, to=("former",))
    assert await call("POST discard", {"target": "former"}) == (200, {"deliveries": 1})


async def test_parameters_belong_into_the_body(call: Call, here: Here) -> None:
    """A filter in the URL is not passed over in silence."""
    assert (await call("POST replay?source=shop", {"state": "dead"}))[0] == 400
