"""`GET events` and `GET events/ID`: the contract's table, key by key."""

import pytest

from relay.clock import SECOND, rfc3339
from relay.delivery import Dead
from relay.store.protocol import Store
from relay.target import TargetState
from tests.admin.conftest import Call
from tests.admin.running import end
from tests.clock import START, ManualClock
from tests.store.words import put, put_many


async def test_an_event_is_shown_with_its_deliveries(call: Call, store: Store) -> None:
    """Each name that the contract gives, and no other."""
    receipt = await put(store, "k1", to=("billing", "ledger"), occurred=START - SECOND)
    status, document = await call("GET events")
    assert status == 200
    delivery = {
        "id": f"{receipt.id}-1",
        "route": "all",
        "target": "billing",
        "state": "pending",
        "attempts": 0,
        "next_at": rfc3339(START),
        "last_status": None,
        "last_error": None,
    }
    assert document == {
        "events": [
            {
                "id": receipt.id,
                "key": "k1",
                "source": "shop",
                "type": "order.paid",
                "via": "webhook",
                "received_at": rfc3339(START),
                "occurred_at": rfc3339(START - SECOND),
                "size": 8,
                "state": "pending",
                "deliveries": [delivery, delivery | {"id": f"{receipt.id}-2", "target": "ledger"}],
            }
        ],
        "next": None,
    }


async def test_next_at_is_not_before_a_target_may_be_asked(call: Call, store: Store) -> None:
    """One that asked for silence gets nothing before its end; who asked for none gets what is due."""
    id = (await put(store, to=("billing", "ledger"))).id
    store.remember("billing", TargetState(wait_until=START + 60 * SECOND))
    await store.flush()
    expected = [rfc3339(START + 60 * SECOND), rfc3339(START)]
    _, page = await call("GET events")
    assert [each["next_at"] for each in page["events"][0]["deliveries"]] == expected
    _, event = await call(f"GET events/{id}")
    assert [each["next_at"] for each in event["deliveries"]] == expected
    await end(store, Dead("gone"))
    _, event = await call(f"GET events/{id}")
    assert [each["next_at"] for each in event["deliveries"]] == [None, rfc3339(START)]


async def test_pages_follow_each_other_newest_first(call: Call, store: Store) -> None:
    """`next` goes back in as `cursor` until it is null; no event is missed or shown twice."""
    ids = await put_many(store, 5)
    seen: list[str] = []
    cursor = None
    for length in (2, 2, 1):
        _, page = await call("GET events?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["events"]) == length
        seen += [event["id"] for event in page["events"]]
        cursor = page["next"]
    assert cursor is None
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("source=shop", "ab"),
        ("source=erp", "c"),
        ("type=order.sent", "b"),
        ("key=a", "a"),
        ("target=ledger", "b"),
        ("route=all", "ab"),
        ("route=none", ""),
        ("state=dead", "b"),
        ("state=dead&target=billing", ""),
        ("state=unrouted", "c"),
        ("state=pending&source=shop&target=billing&key=a", "a"),
        (f"since={rfc3339(START + 10 * SECOND)}", "bc"),
        (f"until={rfc3339(START + 10 * SECOND)}", "a"),
        ("since=12s", "c"),
        ("until=12s", "ab"),
    ],
)
async def test_every_filter_narrows(
    call: Call, store: Store, clock: ManualClock, filters: str, found: str
) -> None:
    """Alone and together; `until` is exclusive; a duration counts back from now."""
    await put(store, "a", to=("billing",))
    await put(store, "b", to=("ledger",), type="order.sent", at=START + 10 * SECOND)
    await put(store, "c", to=(), source="erp", at=START + 20 * SECOND)
    await end(store, Dead("gone"), "ledger", START + 30 * SECOND)
    clock.advance(30)
    status, document = await call(f"GET events?{filters}")
    assert status == 200
    assert "".join(sorted(event["key"] for event in document["events"])) == found


async def test_one_event_is_shown_whole(call: Call, store: Store) -> None:
    """Headers as received, repeated ones too; the body; each attempt."""
    headers = ((b"X-Two", b"1"), (b"x-two", b"2"), (b"X-Odd", b"caf\xe9"))
    receipt = await put(store, "k", headers=headers, body="ä".encode())
    await end(store, Dead("no more tries"), at=START)
    status, document = await call(f"GET events/{receipt.id}")
    assert status == 200
    assert document["headers"] == [["X-Two", "1"], ["x-two", "2"], ["X-Odd", "café"]]
    assert document["body"] == "ä"
    assert "body_base64" not in document
    (delivery,) = document["deliveries"]
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("dead", 1, 400)
    assert delivery["history"] == [
        {"n": 1, "at": rfc3339(START), "seconds": 0.25, "status": 400, "error": None, "probe": False}
    ]


async def test_a_body_that_is_no_text_comes_as_base64(call: Call, store: Store) -> None:
    """Bit for bit, in an answer that is JSON."""
    receipt = await put(store, body=b"\xff\x00\xfe")
    _, document = await call(f"GET events/{receipt.id}")
    assert document["body_base64"] == "/wD+"
    assert "body" not in document


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"Authorization", b"Bearer any"), (b"proxy-authorization", b"Basic any"), (b"X-Any", b"t=hush hush")],
)
async def test_no_secret_of_a_sender_is_shown(call: Call, store: Store, name: bytes, value: bytes) -> None:
    """Neither credentials of anybody's, nor the source's own secret in whatever header."""
    receipt = await put(store, headers=((name, value), (b"X-Else", b"hush")))
    _, document = await call(f"GET events/{receipt.id}")
    assert document["headers"] == [[name.decode(), "***"], ["X-Else", "hush"]]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("events?stat=dead", 'did you mean "state"?'),
        ("events?x=1", "there are source, type, state"),
        ("events?state=ded", 'did you mean "dead"?'),
        ("events?state=", "leave state out"),
        ("events?limit=0", "1 to 1000"),
        ("events?limit=1001", "1 to 1000"),
        ("events?limit=ten", "1 to 1000"),
        ("events?limit=99999999999999999999", "1 to 1000"),
        ("events?cursor=zzz", '"next" of the page before'),
        ("events?cursor=00000000000000000000", '"next" of the page before'),
        ("events?since=yesterday", "RFC 3339"),
        ("events?until=2026-13-01", "RFC 3339"),
        ("events?since=2026-01-01T00:00:00%2B99:00", "RFC 3339"),
        ("events?source=a&source=b", ""),
        ("events/%20?x=1", "takes none"),
        ("targets?name=x", "takes none"),
        ("audit?x", "takes none"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_a_hint(call: Call, line: str, hint: str) -> None:
    """A slip of the pen is told, not taken for something else."""
    status, document = await call(f"GET {line}")
    assert status == 400
    assert document.keys() == {"error", "hint"}
    assert hint in document["hint"]


@pytest.mark.parametrize("id", ["nope", "00000000000000000000", "%00", "..%2f..", "a" * 3000])
async def test_an_unknown_event_is_404(call: Call, id: str) -> None:
    """Whatever is asked for."""
    assert (await call(f"GET events/{id}"))[0] == 404
    assert (await call(f"POST events/{id}/replay"))[0] == 404
