"""A table tried on an answer: what each item would become, and what fails on it."""

import json
from typing import Any

import pytest

from relay.config.poll import WatchConfig
from relay.http.response import Response
from relay.http.verdict import compile_check
from relay.poll.trial import EVENT, KNOWN, LEFT_OUT, NOT_ASKED, UNUSABLE, Trial, shown, try_poll, try_watch
from relay.poll.watch import WatchDefinition, compile_watch
from tests.clock import START
from tests.poll.stand import compiled, poll_config

LIST = 'api = "shop"\npath = "/list"\nitems = "body.items"\nid = "item.id"\n'
WATCH = {"on": "true", "keys": "[event.key]", "api": "shop", "path": "/x", "items": "body", "id": "item.id"}


def tried(toml: str, body: Any, status: int = 200, check: str | None = None) -> Trial:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    poll = compiled("list", poll_config(LIST + toml))
    program = None if check is None else compile_check(check)
    return try_poll(poll, poll.parts[0], Response(status, {}, raw, "", START), program, START)


def outcomes(trial: Trial) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.key) for one in trial.items]


def test_every_item_is_taken_for_new() -> None:
    """However old it is, and whatever `start` and `lag` would say."""
    toml = 'time = "item.at"\nlag = "1h"\nstart = "now"\nkeep = "item.at != 3"\n'
    trial = tried(
        toml, {"items": [{"id": "a", "at": 5}, {"id": "b", "at": START // 1_000_000}, {"id": "c", "at": 3}]}
    )
    assert outcomes(trial) == [(EVENT, "a"), (EVENT, "b"), (LEFT_OUT, None)]
    assert (trial.items[0].time, trial.items[0].type, trial.sound) == (5_000_000, "list", True)


def test_an_id_that_comes_again_is_known() -> None:
    """Unless it says something new."""
    items = {"items": [{"id": "a", "v": 1}, {"id": "a", "v": 2}, {"id": "a", "v": 2}]}
    assert outcomes(tried("", items)) == [(EVENT, "a"), (KNOWN, "a"), (KNOWN, "a")]
    assert outcomes(tried('change = "item.v"', items)) == [(EVENT, "a#1"), (EVENT, "a#2"), (KNOWN, "a")]


@pytest.mark.parametrize("step", ["keep", "id", "time", "type", "data", "change"])
def test_what_fails_is_told_by_its_key(step: str) -> None:
    """For the item on which it fails; the others are sound."""
    known = {"id": "item.id"} | {step: "item.id + item.more" if step != "keep" else "item.id == item.more"}
    more = "" if step == "id" else f"{step} = '{known[step]}'"
    trial = tried(more, {"items": [{"id": "a", "more": "2026-11-21T00:00:00Z"}, {}]})
    bad = trial.items[1]
    assert bad.outcome == UNUSABLE
    assert bad.error.startswith(f"{'id' if step not in {'keep', 'id'} else step}: ")


def test_a_shape_that_changed_is_a_fault() -> None:
    """As it would fail the pass."""
    assert tried("", {"items": [{}, {}]}).faults == ("none of its 2 items can be used: the pass would fail",)
    assert tried("", {"list": []}).faults == ("items: no such key: items",)
    assert tried("", b"<html>").faults == ("its body is no JSON",)


def test_an_answer_that_is_none_is_a_fault() -> None:
    """By its status, or by `check`, the poll's before the api's."""
    assert "'retry' (answered 500)" in tried("", {"items": []}, 500).faults[0]
    check = 'body.ok == true ? "ok" : "fail"'
    assert "'fail'" in tried("", {"items": [], "ok": False}, check=check).faults[0]
    assert tried("check = 'null'", {"items": [], "ok": False}, check=check).faults == ()


def test_the_next_request_is_shown() -> None:
    """As it would be asked; one that cannot be made is a fault."""
    toml = 'query = { limit = 2 }\nnext = \'body.more ? {"query": {"page": page + 1}} : null\''
    trial = tried(toml, {"items": [], "more": True})
    assert (shown(trial.request), shown(trial.next)) == ("GET /list?limit=2", "GET /list?limit=2&page=2")
    assert shown(tried(toml, {"items": [], "more": False}).next) is None
    assert tried(toml, {"items": []}).faults == ("next: no such key: more",)
    assert shown(tried('next = "body.at"', {"items": [], "at": "/list?c=1"}).next) == "GET /list?c=1"


def test_a_request_that_cannot_be_made_is_a_fault() -> None:
    """The answer is read all the same."""
    trial = tried('headers = { X = "${each.shop}" }', {"items": [{"id": "a"}]})
    assert trial.faults[0].startswith("no request: ")
    assert outcomes(trial) == [(EVENT, "a")]


def test_a_detail_is_what_would_be_asked() -> None:
    """For each item; its answer is not at hand."""
    trial = tried('detail = { path = "/list/${item.nr}" }', {"items": [{"id": "a", "nr": 4}, {"id": "b"}]})
    assert (shown(trial.items[0].detail), trial.items[0].body) == ("GET /list/4", b"")
    assert trial.items[1].error.startswith("detail: ")


# watches


def watched(keys: list[str], items: list[Any], **more: str) -> Trial:
    watch = compile_watch("w", WatchConfig.model_validate(WATCH | more))
    assert isinstance(watch, WatchDefinition)
    raw = json.dumps(items).encode()
    return try_watch(watch, keys, {"data": None}, Response(200, {}, raw, "", START), None, START)


def test_of_a_watch_only_its_keys_make_events() -> None:
    """Without any, all do."""
    items = [{"id": "a"}, {"id": "b"}]
    assert outcomes(watched(["b"], items)) == [(NOT_ASKED, "a"), (EVENT, "b")]
    assert outcomes(watched([], items)) == [(EVENT, "a"), (EVENT, "b")]


def test_what_ends_a_watch_is_told() -> None:
    """`fail` before `until`; without `change` nothing but its end is an event."""
    items = [{"id": "a", "s": "way"}, {"id": "a", "s": "there"}, {"id": "b", "s": "lost"}, {"id": "c"}]
    ends = {"until": 'item.s in ["there", "lost"]', "fail": 'item.s == "lost"'}
    trial = watched([], items, **ends)
    assert [(one.outcome, one.over) for one in trial.items] == [
        (KNOWN, ""),
        (EVENT, "until"),
        (EVENT, "fail"),
        (KNOWN, ""),
    ]
    assert trial.items[3].error.startswith("until: ")
    trial = watched([], items[:2], **ends, change="item.s")
    assert outcomes(trial) == [(EVENT, "a#1"), (EVENT, "a#2")]
