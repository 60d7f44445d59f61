"""Polls and watches in a whole file: whose events they are, who takes these, and what does not load."""

import pytest

from relay.config.jsonschema import json_schema
from tests.config.conftest import Reads, Tells

API = '[api.shop]\nurl = "https://shop.example/v1"\n'
POLL = 'api = "shop"\npath = "/orders"\nitems = "body"\nid = "item.id"\n'
WATCH = f'{POLL}on = "true"\nkeys = "[event.key]"\n'
ROUTE = '[target.x]\nurl = "log:"\n[route.r]\nto = ["x"]\nfrom = '
OPEN = 'verify = "none"\nid = "digest"\n'


def test_routes_take_what_polls_and_watches_bring(reads: Reads) -> None:
    """By the source they name, else by their own name; no [source] table is needed."""
    text = f'{API}[poll.orders]\n{POLL}[poll.late]\n{POLL}source = "erp"\n[watch.parcel]\n{WATCH}'
    loaded = reads(f'{text}{ROUTE}["orders", "erp", "parc*"]')
    assert loaded.warnings == ()
    assert [warning.at("F") for warning in reads(f'{text}{ROUTE}["erp"]').warnings] == [
        "F:3: warning: poll.orders: no route takes its events: they are kept as unrouted",
        "F:14: warning: watch.parcel: no route takes its events: they are kept as unrouted",
    ]


def test_a_poll_is_named_by_its_source(tells: Tells) -> None:
    """Who names the poll is told whose events they are."""
    assert tells(f'{API}[poll.orders]\n{POLL}source = "erp"\n{ROUTE}["orders", "order"]') == [
        (
            'F:13: route.r.from: there is no source "orders": events of poll.orders are of source "erp"'
            ' (from = ["erp"])'
        ),
        'F:13: route.r.from: there is no source "order" (there are "erp")',
    ]


def test_a_name_that_is_a_sources_by_chance(reads: Reads) -> None:
    """Their ids would be compared: a warning, unless the file says that it is meant."""
    text = f'[source.shop]\n{OPEN}{API}[poll.shop]\n{POLL}{{}}[watch.shop]\n{WATCH}source = "w"\n{ROUTE}"*"'
    assert [warning.at("F") for warning in reads(text.format("")).warnings] == [
        (
            "F:6: warning: poll.shop: its events are those of source.shop, their ids are compared"
            ' (source = "shop" where that is meant, else another name)'
        )
    ]
    assert reads(text.format('source = "shop"\n')).warnings == ()


def test_relay_is_no_polls_source(tells: Tells, reads: Reads) -> None:
    """Its own events have that name; a poll of that name says whose its events are."""
    assert tells(f"{API}[poll.relay]\n{POLL}") == [
        "F:3: poll.relay.source: no source may be called relay (relay's own events have that name)"
    ]
    assert reads(f'{API}[poll.relay]\n{POLL}source = "x"').config.poll["relay"].source == "x"


def test_what_one_item_may_owe(tells: Tells) -> None:
    """An item's deliveries are planned in one transaction, as a webhook's are."""
    targets = "".join(f'[target.t{n}]\nurl = "log:"\n' for n in range(4001))
    names = [f"t{n}" for n in range(4001)]
    assert tells(f'{API}[poll.a]\n{POLL}{targets}[route.x]\nfrom = "a"\nto = {names}') == [
        "F:3: poll.a: each of its events would be 4001 deliveries, more than 4000 (take it in fewer routes)"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[poll.a]\n", ["1: poll.a.api: is missing", "1: poll.a.path: is missing",
                        "1: poll.a.items: is missing", "1: poll.a.id: is missing"]),
        (f"[watch.a]\n{POLL}{API}", ["1: watch.a.on: is missing", "1: watch.a.keys: is missing"]),
        (f"{API}[poll.a]\n{POLL}until = 'true'", ["8: poll.a.until: is a key of [watch.NAME]"]),
        (f"{API}[watch.a]\n{WATCH}gap = false", ["10: watch.a.gap: is a key of [poll.NAME]"]),
        (f"{API}[poll.a]\n{POLL}each = {{ b = [] }}", ["8: poll.a.each.b: must not be empty"]),
        (f"{API}[poll.a]\n{POLL}query.b = {{}}", ["8: poll.a.query.b: must be text, a number"]),
        (f"{API}[poll.a]\n{POLL}query.b = [[1]]", ["8: poll.a.query.b: must be text, a number"]),
        (f"{API}[poll.a]\n{POLL}headers.B = 1979-05-27", ["8: poll.a.headers.B: must be text, a number"]),
        (f"{API}[poll.a]\n{POLL}idle = '1s'", ["8: poll.a.idle: is shorter than every"]),
        (f"{API}[poll.a]\n{POLL.replace('shop', 'shp')}",
         ['4: poll.a.api: there is no api "shp" (did you mean "shop"?)']),
        (f"{API}auth = 5", ["3: api.shop.auth: must be a table"]),
        (f"{API}auth = {{ token = 'x' }}", ["3: api.shop.auth: its type is missing (there are bearer"]),
        (f"{API}auth = {{ type = 'bear', token = 'x' }}",
         ['3: api.shop.auth.type: there is no "bear" (did you mean "bearer"?)']),
        (f"{API}auth = {{ type = 'bearer' }}", ["3: api.shop.auth.token: is missing (token = { env ="]),
        (f"{API}auth = {{ type = 'bearer', token = 'x', user = 'y' }}",
         ["3: api.shop.auth.user: unknown key (there are type, token)"]),
        (f"{API}auth = {{ type = 'query', query = 'a', name = 'b' }}",
         ["3: api.shop.auth.value: is missing", "3: api.shop.auth.query: unknown key"]),
        ("[api.shop]", ['1: api.shop.url: is missing (url = "https://api.example.com/v1")']),
    ],
)  # fmt: skip
def test_each_fault_has_its_place_and_words(tells: Tells, text: str, told: list[str]) -> None:
    """One line for each, at its key, in our own words."""
    lines = tells(text)
    assert [line for line, begin in zip(lines, told, strict=True) if not line.startswith(f"F:{begin}")] == []


def test_a_fault_in_one_hides_no_other(tells: Tells) -> None:
    """Tables without what they need, beside one whose rule is broken, and beside what is none of theirs."""
    told = tells(
        '[server]\nlisten = "127.0.0.1:8081"\ndrain = 8\n'
        f'{API}[poll.a]\napi = "shop"\n[poll.b]\n{POLL}lag = "1m"\n[watch.c]\nkeys = 5\napi = "shop"'
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "server.listen", "server.drain", "poll.a.path", "poll.a.items", "poll.a.id", "poll.b.lag",
        "watch.c.path", "watch.c.items", "watch.c.id", "watch.c.on", "watch.c.keys",
    ]  # fmt: skip


def test_every_secret_of_an_api_is_watched_over(reads: Reads) -> None:
    """One in plain text, at whatever depth, is warned of at its path; plain words are none."""
    text = (
        '[api.a]\nurl = "https://a.example"\nheaders = { X-Team = "red" }\n'
        'auth = { type = "basic", user = "me", password = "hush" }\n'
        '[api.b]\nurl = { credential = "B" }\n'
    )
    told = [warning.at("F") for warning in reads(text, checking=True).warnings]
    assert [line.partition(" (")[0] for line in told] == [
        "F:4: warning: api.a.auth.password: a secret in plain text",
        "F:6: warning: api.b.url: this credential is not there now",
    ]


def test_editors_know_presets() -> None:
    """By the schema a table names a preset that there is, or has what a poll needs."""
    tables = json_schema()["$defs"]
    poll, watch = tables["PollConfig"], tables["WatchConfig"]
    assert poll["anyOf"] == [{"required": ["preset"]}, {"required": ["api", "path", "items", "id"]}]
    assert "stripe-events" in poll["properties"]["preset"]["enum"]
    assert watch["properties"]["preset"]["enum"] == ["fedex"]
    assert "required" not in {*poll, *watch, *tables["ApiConfig"]}
    assert poll["properties"]["start"]["default"] == "now"
    assert poll["properties"]["overlap"]["description"].startswith("How far before the newest item")
    assert "description" in tables["OAuth2Auth"]["properties"]["send"]
