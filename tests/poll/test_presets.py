"""Each preset against a server in its provider's true shape: every item once, as the provider tells it."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.config.preset import presets
from relay.expression.values import Timestamp
from relay.http.response import Response
from relay.poll.item import Listed, list_item
from relay.poll.page import read_page
from relay.store.protocol import Store
from tests.clock import START
from tests.poll.preset import NAMES, VARIABLES, opened
from tests.poll.provider import Asked, Provider, Says
from tests.poll.stand import Stand, at

SHEET = Path(__file__).parents[3] / "shared" / "providers-polling.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", SHEET.read_text(), re.DOTALL) if SHEET.exists() else []
Answer = Callable[[Provider, Asked], Says]


def day(seconds: float) -> str:
    """RFC 3339, so long after the test began."""
    from relay.clock import rfc3339

    return rfc3339(int(at(seconds)) * 1_000_000).replace(".000000", "")


def linked(provider: Provider, asked: Asked, first: list[Any], second: list[Any]) -> Says:
    """Two pages by the Link header."""
    if "page" in asked.query or "cursor" in asked.query or "page_info" in asked.query:
        return Says(second)
    link = f'<{provider.url}{asked.path}?page=2&page_info=p>; rel="next"'
    return Says(first, headers={"Link": link})


def stripe_events(_: Provider, asked: Asked) -> Says:
    assert asked.query["limit"] == "100"
    if "starting_after" in asked.query:
        return Says({"data": [{"id": "evt_1", "type": "a", "created": at(-20)}], "has_more": False})
    return Says({"data": [{"id": "evt_2", "type": "b", "created": at(-10)}], "has_more": True})


def stripe_payments(_: Provider, _asked: Asked) -> Says:
    intents = [
        {"id": f"pi_{n}", "status": "succeeded", "amount_received": n, "created": at(-n)} for n in (1, 2)
    ]
    return Says({"data": intents, "has_more": False})


def github_events(provider: Provider, asked: Asked) -> Says:
    assert asked.path == "/repos/octo/hello/events"
    rows = [{"id": str(n), "type": "PushEvent", "created_at": day(-n)} for n in (1, 2)]
    return linked(provider, asked, rows[:1], rows)


def github_issues(_: Provider, asked: Asked) -> Says:
    assert (asked.path, asked.query["sort"]) == ("/repos/octo/hello/issues", "updated")
    rows = [{"id": n, "created_at": day(-9), "updated_at": day(n - 200)} for n in range(103)]
    return Says([row for row in rows if str(row["updated_at"]) >= asked.query["since"]][:100])


def github_deliveries(provider: Provider, asked: Asked) -> Says:
    place = "/repos/octo/hello/hooks/42/deliveries"
    if asked.path != place:
        assert asked.path == f"{place}/9007199254740993"
        return Says({"request": {"payload": {"ref": "main"}}})
    row = {"id": 9007199254740993, "guid": "g-1", "event": "push", "action": None, "delivered_at": day(-1)}
    other = row | {"id": 7, "guid": "g-2", "event": "star"}
    return linked(provider, asked, [other, row], [row])


def slack_messages(_: Provider, asked: Asked) -> Says:
    assert (asked.query["channel"], asked.query["inclusive"]) == ("C024BE91L", "true")
    if asked.query.get("cursor") == "c2":
        return Says({"ok": True, "messages": [{"ts": f"{at(-5)}.000100", "subtype": "bot_message"}]})
    messages = [{"ts": f"{at(-4)}.000100", "text": "hi"}] if "cursor" not in asked.query else []
    following = "c2" if "cursor" in asked.query else "c1"
    # the page in the middle is empty, and not the last
    return Says({"ok": True, "messages": messages, "response_metadata": {"next_cursor": following}})


class Zoom:
    """Its page token has run out once."""

    worn = False

    def __call__(self, _: Provider, asked: Asked) -> Says:
        token = asked.query.get("next_page_token")
        if token and not self.worn:
            self.worn = True
            return Says({"code": 300, "message": "The next page token is invalid"}, status=400)
        number = 2 if token else 1
        meeting = {"uuid": f"/u{number}==", "id": number, "topic": "t", "end_time": day(-number)}
        return Says({"meetings": [meeting], "next_page_token": "" if token else "t"})


def shopify(provider: Provider, asked: Asked) -> Says:
    assert ("updated_at_min" in asked.query) == ("page_info" not in asked.query)
    rows = [{"id": n, "created_at": day(-900), "updated_at": day(-300 - n)} for n in (1, 2)]
    said = linked(provider, asked, rows[:1], rows[1:])
    return Says({"orders": said.document}, headers=said.headers)


def paypal_events(provider: Provider, asked: Asked) -> Says:
    number = 2 if "next" in asked.query else 1
    event = {"id": f"WH-{number}", "event_type": "SALE", "create_time": day(-number)}
    links = [{"rel": "self", "href": provider.url}]
    if number == 1:
        links.append({"rel": "next", "href": f"{provider.url}{asked.path}?next=2"})
    return Says({"events": [event], "links": links})


def paypal_transactions(_: Provider, asked: Asked) -> Says:
    page = int(asked.query.get("page", "1"))
    told = {"transaction_status": "S", "transaction_updated_date": day(-9)}
    one = {"transaction_id": "T1", "transaction_event_code": f"T000{page}"}
    return Says({"transaction_details": [{"transaction_info": told | one}], "total_pages": 2})


ANSWERS: dict[str, tuple[Answer, list[str], str]] = {
    "stripe-events": (stripe_events, ["evt_1", "evt_2"], "a"),
    "stripe-payments": (stripe_payments, ["pi_2#1", "pi_1#1"], "payment_intent.succeeded"),
    "github-events": (github_events, ["2", "1"], "PushEvent"),
    "github-issues": (github_issues, [f"{n}@{day(n - 200)}" for n in range(103)], "issue.updated"),
    "github-deliveries": (github_deliveries, ["g-1"], "push"),
    "slack-messages": (
        slack_messages,
        [f"C024BE91L:{at(-5)}.000100", f"C024BE91L:{at(-4)}.000100"],
        "message.bot_message",
    ),
    "zoom-ended": (Zoom(), ["meeting.ended:/u2==", "meeting.ended:/u1=="], "meeting.ended"),
    "zoom-meetings": (Zoom(), ["1#1", "2#1"], "zoom-meetings"),
    "shopify-orders": (shopify, [f"{n}@{day(-300 - n)}" for n in (2, 1)], "orders/updated"),
    "shopify-gap": (
        shopify,
        [f"orders/{word}" for n in (2, 1) for word in (f"create:{n}", f"updated:{n}@{day(-300 - n)}")],
        "orders/create",
    ),
    "paypal-events": (paypal_events, ["WH-2", "WH-1"], "SALE"),
    "paypal-transactions": (paypal_transactions, ["T1:T0001#1", "T1:T0002#1"], "transaction.S"),
}


@pytest.mark.parametrize("name", NAMES)
async def test_every_item_of_its_provider_once(
    store: Store, session: ClientSession, provider: Provider, tmp_path: Path, name: str
) -> None:
    """All pages, oldest first, of the type that its webhooks have; a second pass brings nothing more."""
    answer, keys, kind = ANSWERS[name]
    poll = opened(tmp_path, name, keys='start = "-7d"').polls[name]
    (api,) = presets()[name]["api"].values()
    further = {key: api[key] for key in ("check", "headers") if key in api}
    stand = Stand(store, session, provider, 'path = "/"\nitems = "body"\nid = "item"', **further)
    stand.poll = poll
    first = await stand.run(lambda asked: answer(provider, asked))
    assert (first.error, first.complete, first.poisoned) == ("", True, 0)
    stand.later(60)
    second = await stand.run()
    assert (second.error, second.new) == ("", 0)
    events = await stand.events()
    assert [event.key for event in events] == keys
    assert {(event.source, event.via) for event in events} == {(poll.source, "poll")}
    assert events[0].type == kind


def test_a_parcel_is_read_as_fedex_tells_it(tmp_path: Path) -> None:
    """Of a number that was used before only today's parcel, and nothing of one that is unknown."""
    watch = opened(tmp_path, "fedex").watches["fedex"]
    new, old = ({"scanEvents": [{"date": day(days * 86400)}]} for days in (-1, -40))
    parcel = new | {"latestStatusDetail": {"code": "DL"}}
    unknown = {"error": {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND"}}
    results = [
        {"trackingNumber": "1", "trackResults": [parcel, old | {"latestStatusDetail": {"code": "OC"}}]},
        {"trackingNumber": "2", "trackResults": [unknown]},
    ]
    started = {"started": Timestamp(START * 1000), "keys": ["1", "2"], "event": {}}
    answer = Says({"output": {"completeTrackResults": results}}).body
    page = read_page(watch.reading, Response(200, {}, answer, "", START), VARIABLES | started, 1)
    listed = [list_item(watch.reading, scope) for scope in page.scopes()]
    assert [one.id for one in listed if isinstance(one, Listed)] == ["1"]
    assert watch.until is not None
    assert [watch.until.holds(scope.plain) for scope in page.scopes()] == [True]


@pytest.mark.skipif(not BLOCKS, reason="the page lies beside the project, in shared/")
def test_they_are_the_sheets() -> None:
    """The tables of the page under their names, but for what each user says for himself."""
    tables: dict[str, Any] = {"api": {}, "poll": {}, "watch": {}}
    for block in BLOCKS:
        for kind, named in tomllib.loads(block).items():
            tables.get(kind, {}).update(named)
    different = {
        (name, key)
        for name, file in presets().items()
        for kind in ("poll", "watch")
        if (table := tables[kind].get(name)) is not None and kind in file
        for key in {*table, *file[kind][name]}
        if table.get(key) != file[kind][name].get(key)
    }
    assert different == {
        ("github-events", "each"), ("slack-messages", "each"),
        *(("github-" + name, "path") for name in ("issues", "deliveries")), ("github-deliveries", "detail"),
        # what a list may lack, and what "all" has not
        ("zoom-ended", "next"), ("paypal-events", "next"), ("shopify-gap", "keep"),
    }  # fmt: skip
    del tables["api"]["shopify"]["url"]
    apis = {name: api for file in presets().values() for name, api in file["api"].items()}
    assert apis == {name: tables["api"][name] for name in apis}
