"""`[poll.NAME]` and `[watch.NAME]`: their keys, their defaults, and which of them go together."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from relay.config.poll import GapConfig, PollConfig, Start, WatchConfig
from relay.config.poll_rules import BELONGS, broken, spans

HEAD = 'api = "shop"\npath = "/p"\nitems = "body"\nid = "item.id"\n'
WATCH = HEAD + 'on = "true"\nkeys = "[event.id]"\n'


def poll(toml: str = "") -> PollConfig:
    return PollConfig.model_validate(tomllib.loads(HEAD + toml), by_alias=True, by_name=False)


def watch(toml: str = "") -> WatchConfig:
    return WatchConfig.model_validate(tomllib.loads(WATCH + toml), by_alias=True, by_name=False)


def told(toml: str, kind: str = "poll") -> list[str]:
    """What is wrong with the one table of a file."""
    raw: dict[str, Any] = tomllib.loads('[api.shop]\nurl = "https://s.example"\n' + toml)
    return [
        f"{problem.path}: {problem.text} ({problem.hint})"
        for name, table in raw[kind].items()
        for problem in broken(kind, name, table, raw)
    ]


def test_defaults() -> None:
    """Those of the schema's own page."""
    made = poll()
    assert (made.method, made.format, made.order, made.max_pages) == ("GET", "json", "any", 100)
    assert (made.every, made.idle, made.overlap, made.lag) == (60, 900, 600, 0)
    assert (made.window, made.retention, made.gap, made.detail, made.each) == (None, None, None, None, {})
    assert (made.start, made.data, made.next, made.change) == (Start(ago=0, mark=True), "item", None, None)
    assert (watch().batch, watch().within, watch().until, watch().fail) == (1, 30 * 86400, None, None)
    assert poll("gap = {}").gap == GapConfig(silence=None, on_start=False, audit=None)
    assert poll('detail = { path = "/d" }').detail is not None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('"now"', Start(ago=0, mark=True)),
        ('"all"', Start()),
        ('"-7d"', Start(ago=7 * 86400)),
        ('"2026-09-21T14:13:20Z"', Start(at=1_790_000_000_000_000)),
        ("2026-09-21T16:13:20+02:00", Start(at=1_790_000_000_000_000)),
    ],
)
def test_where_to_start(text: str, start: Start) -> None:
    """Now, at the beginning of all, so long ago, or at a moment, which TOML may also write without quotes."""
    assert poll(f"start = {text}").start == start


@pytest.mark.parametrize(
    "toml",
    [
        'start = "7d"', 'start = "yesterday"', "start = 7", "start = true", 'start = "-soon"',
        'path = "https://h.example/"', 'path = "p"', 'path = "/a b"', 'path = "/a#b"',
        "max_pages = 0", 'every = "0s"', 'order = "latest"', 'format = "xml"', 'method = "PUT"',
        "each = { a = [] }", 'each = { a = "b" }', "each = { a = [1] }", 'query = { a = { b = "c" } }',
        "json = { at = 2026-01-01T00:00:00Z }", 'headers = { "a b" = "c" }', 'api = "A"', 'source = "relay"',
        "batch = 3", 'on = "true"', 'evry = "1m"',
    ],
)  # fmt: skip
def test_what_does_not_load(toml: str) -> None:
    """Wrong values, wrong types, and keys that are not there."""
    key = toml.partition(" ")[0]
    lines = [line for line in HEAD.splitlines() if not line.startswith(f"{key} ")]
    with pytest.raises(ValidationError):
        PollConfig.model_validate(tomllib.loads("\n".join([*lines, toml])), by_alias=True, by_name=False)


@pytest.mark.parametrize(
    "key", ["each = { a = ['b'] }", 'order = "newest"', "gap = {}", 'detail = { path = "/" }']
)
def test_a_watch_has_no_list(key: str) -> None:
    """What only a poll has is no key of a watch; where it stands instead is known."""
    with pytest.raises(ValidationError):
        watch(key)
    assert "poll.NAME" in BELONGS["watch"][key.partition(" ")[0]]
    assert "watch.NAME" in BELONGS["poll"]["batch"]


def test_what_a_request_may_hold() -> None:
    """Scalars of every kind, lists of them, and any JSON."""
    made = poll(
        'query = { a = 1, b = true, c = 0.5, d = "${x}", e = ["f", 2] }\njson = { a = [1, { b = "c" }] }'
    )
    assert made.query == {"a": 1, "b": True, "c": 0.5, "d": "${x}", "e": ("f", 2)}
    assert made.json_body == {"a": [1, {"b": "c"}]}


GOOD = 'api = "shop"\npath = "/p"\nitems = "body"\nid = "item.id"\n'
SOURCE = '[source.shop]\nverify = "none"\n'


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", None),
        ('method = "POST"\njson = { a = 1 }', None),
        ('time = "item.at"\nlag = "1m"\nwindow = "1d"', None),
        (
            "json = { a = 1 }",
            'poll.x.json: is never sent by GET (method = "POST")',
        ),
        (
            'method = "POST"\njson = { a = 1 }\nform = { b = 2 }',
            "poll.x.form: stands beside json: a request has one body (leave one out)",
        ),
        (
            'lag = "1m"',
            'poll.x.lag: needs to know when an item happened (time = "ts(item.created_at)")',
        ),
        (
            'window = "1d"',
            'poll.x.window: needs to know when an item happened (time = "ts(item.created_at)")',
        ),
        (
            'data = "item.a"\ndetail = { path = "/d" }',
            "poll.x.data: is never used: detail has its own (detail.data)",
        ),
        (
            'each = { "a-b" = ["c"] }',
            'poll.x.each.a-b: "a-b" is no name that an expression can use (each.channel)',
        ),
        ('each = { a = ["c", "c"] }', "poll.x.each.a: names a value more than once (once is enough)"),
        (
            'gap = { silence = "1h" }',
            "poll.x.gap: fills the gaps of no source (source names the webhook source)",
        ),
        (
            'source = "shp"\ngap = { silence = "1h" }',
            'poll.x.source: there is no [source.NAME] "shp" (did you mean "shop"?)',
        ),
        (
            'source = "shop"\ngap = {}',
            ('poll.x.gap: never runs (silence = "30m", on_start = true, audit = "6h", '
            "or source.shop.expect_every)"),
        ),
        ('source = "shop"\ngap = { audit = "6h" }', None),
        ('source = "other"', None),
    ],
)  # fmt: skip
def test_which_keys_go_together(table: str, problem: str | None) -> None:
    """Told by path, with what to do."""
    assert told(f"{SOURCE}[poll.x]\n{GOOD}{table}") == ([] if problem is None else [problem])


def test_an_api_that_is_not_there() -> None:
    """Of a watch, too; with the name that was probably meant."""
    table = f"[watch.x]\n{GOOD}".replace('"shop"', '"shap"')
    assert told(table, "watch") == ['watch.x.api: there is no api "shap" (did you mean "shop"?)']


def test_a_gap_may_go_by_the_sources_own_silence() -> None:
    """`expect_every` of the source is enough."""
    assert told(f'{SOURCE}expect_every = "1h"\n[poll.x]\n{GOOD}source = "shop"\ngap = {{}}') == []


@pytest.mark.parametrize(
    ("toml", "path"),
    [
        ("", None),
        ('every = "1h"', None),
        ('every = "1h"\nidle = "12h"', None),
        ('every = "1h"\nidle = "5m"', "poll.x.idle"),
        ('time = "item.at"\nwindow = "20m"', "poll.x.window"),
        ('time = "item.at"\nwindow = "21m"', None),
        ('retention = "10m"', "poll.x.overlap"),
        ('retention = "11m"', None),
    ],
)
def test_durations_that_contradict_each_other(toml: str, path: str | None) -> None:
    """What a pass could never do with them is told."""
    assert [problem.path for problem in spans("poll.x", poll(toml))] == ([] if path is None else [path])
