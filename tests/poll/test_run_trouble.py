"""When the provider is slow, strict, broken or lying: what was read is kept, and the cursor stays."""

from typing import Any

import pytest

from relay.clock import SECOND
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Asked, Provider, Says
from tests.poll.shop import NEWEST, PLAIN, Shop, scripted, things
from tests.poll.stand import at

DATE = {"Date": "Mon, 21 Sep 2026 14:13:20 GMT"}
"""START, as a server says it."""


@pytest.mark.parametrize(
    "retry_after",
    ["7", "7.0", "Mon, 21 Sep 2026 14:13:27 GMT", "2026-09-21T14:13:27Z"],
    ids=["seconds", "decimal seconds", "an HTTP date", "RFC 3339"],
)
async def test_a_short_wait_is_waited_for(stands: Stands, retry_after: str) -> None:
    """429 on the second page, in each form met: the page is asked for again then, and nothing is lost."""
    stand, shop = stands(NEWEST), Shop(("a", -3), ("b", -2), ("c", -1))
    wait = Says(status=429, headers={"Retry-After": retry_after, **DATE})
    passed = await stand.run(scripted(shop, wait, shop))
    assert (passed.complete, passed.new) == (True, 3)
    assert stand.clock.now() == START + 7 * SECOND


async def test_a_long_wait_ends_the_pass(stands: Stands) -> None:
    """What was read is kept; the next pass is due when the api wants it, and reads the rest."""
    stand, shop = stands(NEWEST), Shop(("a", -3), ("b", -2), ("c", -1))
    passed = await stand.run(scripted(shop, Says(status=429, headers={"Retry-After": "300"})))
    assert (passed.complete, passed.new, passed.due) == (False, 2, START + 300 * SECOND)
    assert stand.state.cursor is None
    assert passed.error == "page 2: answered 429"
    stand.clock.set(passed.due)
    passed = await stand.run(shop)
    assert (passed.complete, passed.new, passed.known) == (True, 1, 2)
    assert await stand.keys() == ["b", "c", "a"]


async def test_a_page_that_fails_is_tried_again(stands: Stands) -> None:
    """Four times 500 on the second page, with growing pauses: the fifth try brings it."""
    stand, shop = stands(NEWEST), Shop(("a", -3), ("b", -2), ("c", -1))
    passed = await stand.run(scripted(shop, *[Says(status=500)] * 4, shop))
    assert (passed.complete, passed.new) == (True, 3)
    assert stand.clock.now() == START + (1 + 2 + 4 + 8) * SECOND


async def test_a_page_that_keeps_failing(stands: Stands, provider: Provider) -> None:
    """Five tries, then the pass is incomplete: events kept, cursor and range as before, twice over."""
    stand, shop = stands(NEWEST), Shop(("a", -3))
    await stand.run(shop)
    cursor = stand.state.cursor
    shop.add("b", 1)
    shop.add("c", 2)
    passed = await stand.run(scripted(shop, Says(status=502)))
    assert (passed.complete, passed.new, stand.state.cursor) == (False, 2, cursor)
    assert len(provider.asked) == 1 + 1 + 5
    assert passed.error == "page 2: answered 502, 5 times"
    assert (stand.state.failures, stand.state.incomplete) == (1, True)
    passed = await stand.run(shop)
    assert (passed.complete, passed.new, stand.state.failures) == (True, 0, 0)
    assert await stand.keys() == ["a", "b", "c"]


async def test_an_incomplete_pass_is_not_ended_by_a_known_page(stands: Stands) -> None:
    """Page 1 is known since the pass that broke off behind it: the next one reads on."""
    toml = 'path = "/f"\nitems = "body.list"\nid = "item"\nstart = "all"\nnext = "body.more"\n'
    stand = stands(toml)
    one, two = Says({"list": ["a", "b"], "more": "/f?page=2"}), Says({"list": ["c"], "more": None})
    assert not (await stand.run(scripted(one, Says(status=404)))).complete
    passed = await stand.run(scripted(one, two))
    assert (passed.complete, passed.pages, passed.new) == (True, 2, 1)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Says(status=403), "page 1: answered 403"),
        (Says(status=401), "page 1: answered 401"),
        (Says(b"<html>be back soon</html>"), "page 1: its body is no JSON"),
        (Says({"list": 1}), "page 1: items: is no list"),
        (Says([{"nothing": 1}]), "page 1: none of its 1 items can be used: id: no such key: id"),
        (Says(status=304), "page 1: answered 304 to what was asked without a condition"),
    ],
)
async def test_a_failing_pass_moves_nothing(stands: Stands, said: Says, error: str) -> None:
    """Whatever is wrong with the first page: no event, no cursor, and the reason is remembered."""
    stand = stands(PLAIN.replace('items = "body"', "items = \"get(body, 'list', body)\""))
    passed = await stand.run(scripted(said))
    told = error.removeprefix("page 1: ") if said.status == 304 else error
    assert (passed.complete, passed.error) == (False, told)
    assert (stand.state.error, stand.state.cursor, stand.state.complete) == (told, None, None)
    assert await stand.keys() == []


async def test_a_login_that_ends_midway(stands: Stands, provider: Provider) -> None:
    """The token runs out between two pages: a new one is fetched, the page repeated, nobody notices."""
    auth = {
        "type": "oauth2",
        "token_url": f"{provider.url}/token",
        "client_id": "relay",
        "client_secret": "s3cret",
    }
    stand, shop, tokens = stands(NEWEST, auth=auth), Shop(("a", -3), ("b", -2), ("c", -1)), ["t2", "t1"]
    good = ["t1"]

    def answer(asked: Asked) -> Says:
        if asked.path == "/token":
            good[0] = tokens.pop()
            return Says({"access_token": good[0], "token_type": "bearer", "expires_in": 3600})
        if "starting_after" in asked.query and tokens:
            return Says(status=401)
        return shop(asked) if asked.headers["authorization"] == f"Bearer {good[0]}" else Says(status=401)

    passed = await stand.run(answer)
    assert (passed.complete, passed.new, tokens) == (True, 3, [])
    await stand.api.close()


SLACK = """
check = '''status != 200 || body.ok ? null : body.error == "ratelimited" ? "wait"
  : body.error == "invalid_cursor" ? "restart" : body.error == "internal_error" ? "retry" : "fail"'''
path = "/history"
items = "body.messages"
id = "item.ts"
time = "ts(item.ts)"
order = "newest"
start = "all"
next = 'get(body, "more", "") == "" ? null : {"query": {"cursor": body.more}}'
"""


def message(seconds: float) -> dict[str, Any]:
    return {"ts": f"{at(seconds)}.000100"}


@pytest.mark.parametrize(
    ("between", "complete"),
    [
        ([{"ok": False, "error": "internal_error"}], True),
        ([{"ok": False, "error": "ratelimited"}], True),
        ([{"ok": False, "error": "invalid_cursor"}], True),
        ([{"ok": False, "error": "channel_not_found"}], False),
    ],
)
async def test_an_error_inside_a_200(stands: Stands, between: list[Any], complete: bool) -> None:
    """`check` says what it means: again, later, from the first page, or not at all. Never an empty page."""
    stand = stands(SLACK)
    one = Says({"ok": True, "messages": [message(2), message(1)], "more": "x"})
    two = Says({"ok": True, "messages": [message(0)], "more": ""})
    wrong = [Says(said) for said in between]
    rest = [one, two] if "cursor" in str(between) else [two]
    passed = await stand.run(scripted(one, *wrong, *rest) if complete else scripted(one, *wrong))
    assert (passed.complete, passed.new) == (complete, 3 if complete else 2)
    assert len(await stand.keys()) == passed.new


async def test_an_api_that_always_wants_the_first_page(stands: Stands, provider: Provider) -> None:
    """It is asked twice more, and then no more."""
    stand = stands(SLACK)
    passed = await stand.run(scripted(Says({"ok": False, "error": "invalid_cursor"})))
    assert (passed.complete, len(provider.asked)) == (False, 3)
    assert "first page again" in passed.error


async def test_a_loop_is_told(stands: Stands, provider: Provider) -> None:
    """A `next` that leads back to a page of the same pass ends it: events are kept, the cursor stays."""
    stand = stands(PLAIN + "next = \"'/things?page=2'\"")
    passed = await stand.run(things(("a", 0)))
    assert (passed.complete, passed.new, len(provider.asked)) == (False, 1, 2)
    assert passed.error == "page 3 is a page that was read before: a loop"
    assert stand.state.cursor is None


async def test_more_pages_than_max_pages(stands: Stands) -> None:
    """What they held is kept, and that there were more is told."""
    stand = stands(NEWEST + "max_pages = 2")
    passed = await stand.run(Shop(*[(f"e{n}", -n) for n in range(6)]))
    assert (passed.complete, passed.pages, passed.new) == (False, 2, 4)
    assert passed.error == "more than 2 pages (max_pages)"


@pytest.mark.parametrize(
    "next_", ["'http://elsewhere.invalid/things'", "'ftp://x/y'", "'//elsewhere.invalid/x'"]
)
async def test_a_next_page_elsewhere_is_not_asked_for(stands: Stands, provider: Provider, next_: str) -> None:
    """The api's own host and those of `hosts`, nothing else, whatever the answer says."""
    stand = stands(PLAIN + f'next = "{next_}"')
    passed = await stand.run(things(("a", 0)))
    assert (passed.complete, passed.new, len(provider.asked)) == (False, 1, 1)


async def test_pages_oldest_first_are_behind_us_one_by_one(stands: Stands) -> None:
    """A pass that breaks off at the third page has moved the cursor past the first two."""
    stand = stands(
        PLAIN.replace('items = "body"', 'items = "body.list"') + 'order = "oldest"\nnext = "body.more"\n'
    )
    pages = [Says({"list": [{"id": f"i{n}", "at": at(n - 100)}], "more": f"/things?n={n}"}) for n in range(2)]
    told = await stand.run(scripted(*pages, pages[0], Says(status=404)), rehearsal=True)
    assert [event.key for event in told.events] == ["i0", "i1"]
    passed = await stand.run(scripted(*pages, Says(status=404)))
    assert (passed.complete, passed.new) == (False, 2)
    assert stand.state.cursor == START - 99 * SECOND
    assert await stand.keys() == ["i0", "i1"]


async def test_a_list_that_did_not_change_costs_nothing(stands: Stands, provider: Provider) -> None:
    """ETag and Last-Modified go back byte for byte; 304 is no news; X-Poll-Interval is obeyed."""
    stand = stands(PLAIN)
    marks = {"ETag": 'W/"a  b"', "Last-Modified": "Mon, 1 Jun 2026 00:00:00 GMT", "X-Poll-Interval": "300"}
    rows = [{"id": "a", "at": at(0)}]
    passed = await stand.run(scripted(Says(rows, headers=marks), Says(status=304, headers=marks)))
    assert passed.due == START + 300 * SECOND
    passed = await stand.run()
    assert (passed.complete, passed.found, passed.new) == (True, 0, 0)
    assert provider.asked[1].headers["if-none-match"] == 'W/"a  b"'
    assert provider.asked[1].headers["if-modified-since"] == "Mon, 1 Jun 2026 00:00:00 GMT"
    assert "if-none-match" not in provider.asked[0].headers


@pytest.mark.parametrize("case", ["moving", "failed before", "left for later", "two pages", "post"])
async def test_what_a_304_would_hide_is_asked_without_condition(
    stands: Stands, provider: Provider, case: str
) -> None:
    """A request that moves, a pass that broke off, items left for later, pages behind the first: no ETag."""
    toml = {
        "moving": PLAIN + 'query = { since = "${unix_ms(since)}", at = "${rfc3339(now)}" }',
        "failed before": PLAIN + 'next = \'{"query": {"page": page + 1}}\'\nmax_pages = 1',
        "left for later": PLAIN + 'lag = "1m"',
        "two pages": PLAIN + 'next = \'page < 2 ? {"query": {"page": page + 1}} : null\'',
        "post": PLAIN + 'method = "POST"\njson = { a = 1 }',
    }[case]
    stand = stands(toml)
    rows = Says([{"id": "a", "at": at(-60)}], headers={"ETag": '"x"'})
    for _ in range(2):
        await stand.run(scripted(rows))
        stand.later(1)
    assert all("if-none-match" not in asked.headers for asked in provider.asked)


async def test_a_due_time_is_told_for_each_outcome(stands: Stands) -> None:
    """See `test_interval`; here: it is stored with the pass."""
    stand = stands(PLAIN + 'every = "1m"\nidle = "2m"')
    assert (await stand.run(things(("a", 0)))).due == START + 60 * SECOND
    assert (await stand.run()).due == START + 90 * SECOND
    assert (await stand.run()).due == START + 120 * SECOND
    assert stand.state.due == START + 120 * SECOND
