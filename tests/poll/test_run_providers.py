"""Passes over lists in the shape of known providers, with what each of them is strict about."""

from typing import Any

from relay.clock import micros
from relay.clock import rfc3339 as text
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Asked, Provider, Says

DAY = 86400.0


def rfc3339(seconds: float) -> str:
    """So long after the test began, in whole seconds."""
    return f"{text(START + micros(seconds))[:19]}Z"


SHOPIFY = """
path = "/orders.json"
query = { status = "any", limit = 2, updated_at_min = "${rfc3339(since)}" }
items = "body.orders"
id = 'string(item.id) + "@" + item.updated_at'
time = "ts(item.updated_at)"
next = 'link(headers, "next")'
start = "-1h"
"""


async def test_a_page_that_goes_with_no_other_filter(stands: Stands, provider: Provider) -> None:
    """Shopify: a link is got as it stands, else 400; a wait of 2.0 s; an order that changed is news again."""
    orders = [{"id": n, "updated_at": rfc3339(n - 100)} for n in range(5)]
    waits = [Says(status=429, headers={"Retry-After": "2.0"})]

    def answer(asked: Asked) -> Says:
        page = int(asked.query.get("page_info", 0))
        if page and set(asked.query) != {"page_info", "limit"}:
            return Says(status=400)
        if page == 1 and waits:
            return waits.pop()
        rest = f'<{provider.url}/orders.json?limit=2&page_info={page + 1}>; rel="next"'
        rows = orders[2 * page : 2 * page + 2]
        return Says({"orders": rows}, headers={"Link": rest} if 2 * page + 2 < len(orders) else {})

    stand = stands(SHOPIFY)
    assert (await stand.run(answer)).new == 5
    orders[0]["updated_at"] = rfc3339(1)
    stand.later(60)
    assert (await stand.run()).new == 1
    assert await stand.keys() == [f"{n}@{rfc3339(n - 100)}" for n in range(5)] + [f"0@{rfc3339(1)}"]


GITHUB = """
path = "/repos/${raw(each.repo)}/issues"
each = { repo = ["octo/hello"] }
query = { sort = "updated", direction = "asc", per_page = 3, since = "${rfc3339(since)}" }
items = "body"
id = 'string(item.id) + "@" + item.updated_at'
time = "ts(item.updated_at)"
order = "oldest"
start = "all"
next = '''size(items) < 3 ? null
  : last(items).updated_at != items[0].updated_at ? {"query": {"since": last(items).updated_at}}
  : link(headers, "next")'''
"""


async def test_a_list_that_is_sorted_by_what_changes(stands: Stands, provider: Provider) -> None:
    """GitHub issues: asked on by time, an issue that changes under the reader hides no other."""
    issues = {n: -100.0 + 10 * n for n in range(8)}

    def answer(asked: Asked) -> Says:
        assert asked.path == "/repos/octo/hello/issues"
        if len(provider.asked) == 2:
            issues[1] = -1.0  # it moves to the end, and all behind it one up
        since = asked.query.get("since", "")
        rows = sorted((seconds, n) for n, seconds in issues.items() if rfc3339(seconds) >= since)
        return Says([{"id": 1 << 60 | n, "updated_at": rfc3339(seconds)} for seconds, n in rows[:3]])

    stand = stands(GITHUB)
    assert (await stand.run(answer)).complete
    keys = await stand.keys()
    assert {str(key).partition("@")[0] for key in keys} == {str(1 << 60 | n) for n in range(8)}
    assert len(keys) == 9


ZOOM = """
check = 'status == 400 && get(body, "code", 0) == 300 ? "restart" : null'
path = "/report/users/me/meetings"
query = { from = "${date(since)}", to = "${date(until)}", page_size = 2 }
items = "body.meetings"
id = '"meeting.ended:" + item.uuid'
time = "ts(item.end_time)"
next = 'body.next_page_token == "" ? null : {"query": {"next_page_token": body.next_page_token}}'
start = "-40d"
overlap = "1d"
window = "29d"
"""


async def test_dates_windows_and_a_token_that_runs_out(stands: Stands, provider: Provider) -> None:
    """Zoom: a month at most, by dates; the page token dies once, and the pass begins anew."""
    meetings = [{"uuid": f"/{n}==", "end_time": rfc3339(-n * 3 * DAY - 60)} for n in range(13)]
    dead = [True]

    def answer(asked: Asked) -> Says:
        low, high, token = asked.query["from"], asked.query["to"], asked.query.get("next_page_token")
        if token == "2" and dead and dead.pop():
            return Says({"code": 300, "message": "token expired"}, status=400)
        rows = [row for row in meetings if low <= row["end_time"][:10] <= high]
        begin = int(token or 0)
        more = str(begin + 2) if begin + 2 < len(rows) else ""
        return Says({"meetings": rows[begin : begin + 2], "next_page_token": more})

    stand = stands(ZOOM)
    while (passed := await stand.run(answer)).due == stand.clock.now():
        assert passed.complete, passed.error
    assert await stand.keys() == [f"meeting.ended:/{n}==" for n in reversed(range(13))]


PAYPAL = """
path = "/v1/notifications/webhooks-events"
query = { page_size = 10, start_time = "${rfc3339(since)}", end_time = "${rfc3339(until)}" }
items = "body.events"
id = "item.id"
type = "item.event_type"
time = "ts(item.create_time)"
next = 'body.links.filter(l, l.rel == "next").map(l, l.href)'
start = "-1h"
"""


async def test_a_next_page_on_another_host(stands: Stands, provider: Provider) -> None:
    """PayPal: the link names a further host of the api's, fewer items than asked for, in no order."""
    event: dict[int, Any] = {
        n: {"id": f"WH-{n}", "event_type": "SALE", "create_time": rfc3339(-n)} for n in range(3)
    }
    async with Provider(lambda _asked: Says({"events": [event[2]], "links": []})) as other:
        stand = stands(PAYPAL, hosts=[f"127.0.0.1:{other.port}"])
        following = [{"rel": "self", "href": "x"}, {"rel": "next", "href": f"{other.url}/v1/x?p=2"}]
        passed = await stand.run(lambda _asked: Says({"events": [event[1], event[0]], "links": following}))
        assert (passed.complete, len(other.asked)) == (True, 1)
        assert (other.asked[0].path, other.asked[0].query) == ("/v1/x", {"p": "2"})
    assert await stand.keys() == ["WH-2", "WH-1", "WH-0"]


LINEAR = """
method = "POST"
path = "/graphql"
json.query = "query($since: DateTime, $after: String) { issues(after: $after) { nodes { id } } }"
json.variables = { since = "${rfc3339(since)}" }
check = '''!has(body.errors) ? null
  : body.errors.exists(e, get(e, "extensions.code", "") == "RATELIMITED") ? "wait" : "fail"'''
items = "body.data.issues.nodes"
id = 'item.id + "@" + item.updatedAt'
time = "ts(item.updatedAt)"
next = '''body.data.issues.pageInfo.hasNextPage
  ? {"json": {"variables": {"after": body.data.issues.pageInfo.endCursor}}} : null'''
start = "-1h"
"""


async def test_graphql(stands: Stands, provider: Provider) -> None:
    """The cursor goes into the body, beside what is there; a limit inside a 200 is waited for."""
    limited = [{"errors": [{"extensions": {"code": "RATELIMITED"}}]}]

    def answer(asked: Asked) -> Says:
        variables = asked.json["variables"]
        assert variables["since"] == rfc3339(-3600)
        if "after" in variables and limited:
            return Says(limited.pop())
        n = int(variables.get("after", 0))
        node = {"id": f"i{n}", "updatedAt": rfc3339(-n)}
        info = {"hasNextPage": n < 2, "endCursor": str(n + 1)}
        return Says({"data": {"issues": {"nodes": [node], "pageInfo": info}}})

    stand = stands(LINEAR)
    assert (await stand.run(answer)).complete
    assert await stand.keys() == [f"i{n}@{rfc3339(-n)}" for n in (2, 1, 0)]
    assert len(provider.asked) == 4
