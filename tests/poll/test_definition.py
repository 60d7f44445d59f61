"""A poll's table compiled: every example of the schema's own page, and every fault at its place."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from relay.config.poll import PollConfig
from relay.errors import Problem
from relay.expression.values import Timestamp
from relay.http.question import Question
from relay.http.response import Response
from relay.poll.definition import Poll, compile_poll, parts
from relay.poll.item import Listed, Payload, list_item, payload
from relay.poll.page import next_request, read_page
from tests.clock import START
from tests.poll.stand import compiled, poll_config

SHEET = Path(__file__).parents[3] / "shared" / "providers-polling.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", SHEET.read_text(), re.DOTALL) if SHEET.exists() else []
TABLES: dict[str, Any] = {
    name: table for block in BLOCKS for name, table in tomllib.loads(block).get("poll", {}).items()
}
pytestmark = pytest.mark.filterwarnings("error")
HEAD = 'api = "a"\npath = "/p"\nitems = "body"\nid = "item"\n'

VARIABLES: dict[str, Any] = {
    "each": {"channel": "C1", "repo": "octo/hello"},
    "since": Timestamp((START - 600_000_000) * 1000),
    "until": Timestamp(START * 1000),
    "now": Timestamp(START * 1000),
    "cursor": Timestamp(START * 1000),
}
SINCE, AT = 1_789_999_400, "2026-09-21T14:13:20Z"
ANSWERS: dict[str, tuple[Any, dict[str, str]]] = {
    "stripe-events": (
        {"data": [{"id": "evt_1", "type": "charge.paid", "created": 1790000000}], "has_more": True},
        {},
    ),
    "stripe-payments": (
        {
            "data": [{"id": "pi_1", "status": "paid", "created": 1790000000, "amount_received": 7}],
            "has_more": False,
        },
        {},
    ),
    "github-events": (
        [{"id": "9", "type": "PushEvent", "created_at": AT}],
        {"link": '</repos/octo/hello/events?page=2>; rel="next"'},
    ),
    "github-issues": ([{"id": 9007199254740993, "created_at": AT, "updated_at": AT}], {}),
    "github-deliveries": (
        [{"id": 3, "guid": "g-1", "event": "issues", "action": "opened", "delivered_at": AT}],
        {},
    ),
    "slack-messages": (
        {"ok": True, "messages": [{"ts": "1790000000.000100"}], "response_metadata": {"next_cursor": "n"}},
        {},
    ),
    "zoom-ended": ({"meetings": [{"uuid": "/u==", "end_time": AT}], "next_page_token": "p"}, {}),
    "shopify-orders": ({"orders": [{"id": 5, "created_at": AT, "updated_at": AT}]}, {}),
    "shopify-gap": ({"orders": [{"id": 5, "created_at": AT, "updated_at": AT}]}, {}),
    "shopify-graphql": (
        {
            "data": {
                "orders": {
                    "nodes": [{"legacyResourceId": "5", "updatedAt": AT}],
                    "pageInfo": {"hasNextPage": True, "endCursor": "c"},
                }
            }
        },
        {},
    ),
    "paypal-events": (
        {
            "events": [{"id": "WH-1", "event_type": "SALE", "create_time": AT}],
            "links": [{"rel": "next", "href": "https://api.paypal.com/v1/x?p=2"}],
        },
        {},
    ),
    "paypal-transactions": (
        {
            "transaction_details": [
                {
                    "transaction_info": {
                        "transaction_id": "T1",
                        "transaction_event_code": "T0006",
                        "transaction_status": "S",
                        "transaction_updated_date": AT,
                    }
                }
            ],
            "total_pages": 2,
        },
        {},
    ),
    "gitlab-hook": (
        [
            {
                "request_headers": {"Idempotency-Key": "k", "X-Gitlab-Event": "Push Hook"},
                "request_data": {"a": 1},
            }
        ],
        {},
    ),
    "jira-issues": (
        {"issues": [{"id": "1", "fields": {"created": AT, "updated": AT}}], "nextPageToken": "n"},
        {},
    ),
    "jira-failed": ({"values": [{"id": "f", "failureTime": 1790000000000, "body": '{"a": 1}'}]}, {}),
    "linear": (
        {"data": {"issues": {"nodes": [{"id": "i", "updatedAt": AT}], "pageInfo": {"hasNextPage": False}}}},
        {},
    ),
    "printer": ({"state": "idle"}, {}),
}
EXPECTED: dict[str, tuple[list[str], str, Any]] = {
    "stripe-events": (["evt_1"], "charge.paid", {"starting_after": "evt_1"}),
    "stripe-payments": (["pi_1"], "payment_intent.paid", None),
    "github-events": (["9"], "PushEvent", "https://h.example/repos/octo/hello/events?page=2"),
    "github-issues": ([f"9007199254740993@{AT}"], "issue.created", None),
    "github-deliveries": (["g-1"], "issues.opened", None),
    "slack-messages": (["C1:1790000000.000100"], "message", {"cursor": "n"}),
    "zoom-ended": (["meeting.ended:/u=="], "meeting.ended", {"next_page_token": "p"}),
    "shopify-orders": ([f"5@{AT}"], "orders/create", None),
    "shopify-gap": (["orders/create:5", f"orders/updated:5@{AT}"], "orders/create", None),
    "shopify-graphql": ([f"5@{AT}"], "orders/updated", "json"),
    "paypal-events": (["WH-1"], "SALE", "https://api.paypal.com/v1/x?p=2"),
    "paypal-transactions": (["T1:T0006"], "transaction.S", {"page": "2"}),
    "gitlab-hook": (["k"], "Push Hook", None),
    "jira-issues": ([f"1@{AT}"], "issue.created", "json"),
    "jira-failed": (["f"], "jira-failed", None),
    "linear": ([f"i@{AT}"], "linear", None),
    "printer": (["printer"], "printer.idle", None),
}


@pytest.mark.skipif(not TABLES, reason="the page lies beside the project, in shared/")
def test_every_example_of_the_page_compiles() -> None:
    """All its polls, as they stand there."""
    for name, table in TABLES.items():
        config = PollConfig.model_validate(table, by_alias=True, by_name=False)
        assert isinstance(compile_poll(name, config), Poll), name
    assert set(TABLES) == set(EXPECTED) | {"blog"}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.skipif(not TABLES, reason="the page lies beside the project, in shared/")
def test_every_example_reads_its_providers_shape(name: str) -> None:
    """Ids, type, body and next page, out of an answer as that provider writes it."""
    poll = compiled(name, PollConfig.model_validate(TABLES[name], by_alias=True, by_name=False))
    request = poll.request.render(VARIABLES)
    document, headers = ANSWERS[name]
    response = Response(200, headers, json_bytes(document), f"https://h.example{request.url}", START)
    page = read_page(poll.reading, response, VARIABLES, 1)
    listed = [found for scope in page.scopes() if isinstance(found := list_item(poll.reading, scope), Listed)]
    ids, kind, following = EXPECTED[name]
    assert [one.id for one in listed] == ids
    assert all(one.time in (START, START + 100, None) for one in listed)
    made = payload(poll.reading, listed[0])
    assert isinstance(made, Payload)
    assert made.type == kind
    check_next(next_request(poll.reading, page, request, response.url), request, following)


def json_bytes(document: Any) -> bytes:
    import orjson

    return orjson.dumps(document)


def check_next(found: Question | None, first: Question, expected: Any) -> None:
    """None, a link, the parameters that are added, or another JSON body."""
    if expected is None:
        assert found is None
    elif isinstance(expected, dict):
        assert found is not None
        assert dict(found.query) == dict(first.query) | expected
    elif expected == "json":
        assert found is not None
        assert found.json != first.json
    else:
        assert found is not None
        assert (found.url, found.query) == (expected, ())


@pytest.mark.skipif(not TABLES, reason="the page lies beside the project, in shared/")
def test_requests_of_the_page() -> None:
    """What some of them ask: times in each provider's own writing, and a repository as two segments."""
    made = {
        name: compiled(
            name, PollConfig.model_validate(TABLES[name], by_alias=True, by_name=False)
        ).request.render(VARIABLES)
        for name in TABLES
    }
    assert ("created[gte]", str(SINCE)) in made["stripe-events"].query
    assert made["github-events"].url == "/repos/octo/hello/events"
    assert dict(made["slack-messages"].query) == {
        "channel": "C1", "limit": "200", "inclusive": "true", "oldest": str(SINCE)
    }  # fmt: skip
    assert dict(made["zoom-ended"].query) == {"from": "2026-09-21", "to": "2026-09-21", "page_size": "300"}
    assert made["jira-issues"].json["jql"] == f"updated >= {SINCE}000 ORDER BY updated ASC"
    assert made["linear"].json["variables"] == {"since": "2026-09-21T14:03:20Z"}


def test_every_fault_is_told_at_its_key() -> None:
    """All at once, at dotted paths, with what may be named there."""
    config = poll_config(
        'api = "a"\npath = "/p/${nope}"\nquery = { "a.b" = "${x" }\nitems = "item"\nid = "item +"\n'
        'next = "event"\ncheck = "since"\nmethod = "POST"\njson = { q = ["${1 +}"] }\n'
        'detail = { path = "/d/${item.id}/${items2}" }\n'
    )
    problems = compile_poll("x", config)
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == [
        "poll.x.path",
        'poll.x.query."a.b"',
        "poll.x.json.q",
        "poll.x.items",
        "poll.x.id",
        "poll.x.next",
        "poll.x.detail.path",
        "poll.x.check",
    ]
    assert problems[0].hint == "CEL over each, since, until, now, cursor"
    assert problems[-1].hint == "CEL over status, headers, body"
    assert all(isinstance(problem, Problem) and problem.text for problem in problems)


def test_parts() -> None:
    """Every combination of `each`, each by a name that no other has."""
    assert [part.name for part in parts({})] == [""]
    found = list(parts({"a": ("1", "2,b=3"), "b": ("3",)}))
    assert [part.name for part in found] == ["a=1,b=3", "a=2%2Cb%3D3,b=3"]
    assert found[1].each == {"a": "2,b=3", "b": "3"}


def test_what_a_poll_is_named_by() -> None:
    """Its words change with `id` and `change` alone; it moves where it asks for what is new."""
    one, two = compiled("x", poll_config(HEAD)), compiled("x", poll_config(HEAD + 'every = "5m"'))
    assert one.words == two.words
    assert one.words != compiled("x", poll_config(HEAD + 'change = "item"')).words
    assert (one.moves, one.source) == (False, "x")
    moving = compiled("x", poll_config(HEAD + 'source = "shop"\nquery = { a = "${unix(since)}" }'))
    assert (moving.moves, moving.source) == (True, "shop")
