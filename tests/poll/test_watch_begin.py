"""What an event begins: nothing in doubt, and nothing read that need not be."""

import json
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from relay.clock import SECOND
from relay.event import Event
from relay.poll import watch_begin
from relay.poll.watch import WatchDefinition
from relay.poll.watch_begin import MOST_ABOUT, MOST_KEYS
from relay.poll.watch_state import recalled
from relay.seen import Seen
from relay.store.progress import Watch
from tests.clock import START
from tests.poll.watching import FEDEX, LIST, PACKAGE, defined, event

DAY = 86_400 * SECOND


def begun(watches: Iterable[WatchDefinition], event: Event) -> tuple[Watch, ...]:
    """What an event begins."""
    return watch_begin.begun(watches, Seen(event))


def keys(toml: str, data: Any, **said: Any) -> list[str]:
    return [watch.key for watch in begun((defined(toml),), event("told", data, at=START, **said))]


def test_an_event_begins_a_watch_for_each_of_its_keys() -> None:
    """Due at once, given up in the time that the table gives, with nothing kept that nobody names."""
    made = begun((defined(PACKAGE, "package"),), event("package.created", {"id": 42}, at=START))
    assert made == (Watch("package", "42", START, START + 30 * DAY, START),)
    assert keys(LIST, {"keys": ["b", "a", 7, None, "b", 2**63]}) == ["b", "a", "7", str(2**63)]


def test_keys_that_may_be_there() -> None:
    """An optional is the list that it holds; where it holds none, nothing is begun."""
    toml = LIST.replace("event.data.keys", "event.data.?keys")
    assert keys(toml, {"keys": ["a", 7]}) == ["a", "7"]
    with capture_logs() as logs:
        assert keys(toml, {}) == []
    assert [line["error"] for line in logs] == ["keys: gives no list"]


def test_the_sheets_fedex_is_begun_by_fedex_alone() -> None:
    """An order of another carrier, or without one, begins nothing, and is no error."""
    watch = defined(FEDEX, "fedex")
    with capture_logs() as logs:
        for company in ("UPS", None):
            data = {"tracking_company": company, "tracking_number": "1"}
            assert begun((watch,), event("orders/fulfilled", data)) == ()
        assert begun((watch,), event("orders/fulfilled", b"no json")) == ()
    assert logs == []
    data = {"tracking_company": "FedEx", "tracking_number": "794600000001"}
    assert [one.key for one in begun((watch,), event("orders/fulfilled", data))] == ["794600000001"]


def test_a_body_is_read_only_for_those_who_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the type is another one, the body of whatever size costs nothing; else it is read once."""
    read: list[bytes] = []

    def counted(body: bytes) -> Any:
        read.append(body)
        return orjson.loads(body)

    monkeypatch.setattr("relay.view._parsed", counted)
    watches = [defined(PACKAGE), defined(FEDEX), defined(PACKAGE, "again")]
    assert begun(watches, event("order.paid", {"id": 1})) == ()
    assert read == []
    assert len(begun(watches, event("package.created", {"id": 1}))) == 2
    assert len(read) == 1


@pytest.mark.parametrize(
    "on",
    [
        "get(event, 'data.id', 0) == 1",
        "has(event.data) && has(event.data.id) && !has(event.data.other)",
        "event['data']['id'] == 1 && size(event) == 8",
        "event.?data.?id.orValue(0) == 1",
        "event.time == null && event.key == null && event.received > timestamp('2026-01-01T00:00:00Z')",
        "event.source == 'shop' && event.via == 'webhook' && event.id != ''",
    ],
)
def test_an_event_is_a_map_like_any_other(on: str) -> None:
    """However an expression reaches into it: part by part, or as a whole."""
    toml = LIST.replace("""'event.source == "shop"'""", f'"{on}"').replace("event.data.keys", "['k']")
    assert keys(toml, {"id": 1}) == ["k"]


def test_what_is_kept_of_an_event_is_all_of_it_where_it_is_named() -> None:
    """It comes back as it was, times as times, a form as a map, a number in full."""
    toml = LIST.replace("event.data.keys", "['k']") + 'headers = { X-Of = "${event.id}" }\n'
    said = {"key": "e1", "occurred": START - SECOND, "headers": ((b"Content-Type", b"application/json"),)}
    data = {"n": 2**53 + 1, "name": "Zoë"}
    source = event("told", json.dumps(data).encode(), at=START, **said)
    (one,) = begun((defined(toml),), source)
    back = recalled(one)
    assert back["event"]["data"] == data
    assert (back["event"]["id"], back["event"]["key"], back["event"]["via"]) == (source.id, "e1", "webhook")
    assert back["event"]["time"].nanos == (START - SECOND) * 1000
    assert back["started"].nanos == back["event"]["received"].nanos == START * 1000
    form = event("told", b"a=1&b=2", headers=((b"Content-Type", b"application/x-www-form-urlencoded"),))
    (one,) = begun((defined(toml),), form)
    assert recalled(one)["event"]["data"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "named", [[""], ["x" * 1025], ["a\0b"], [1.5], [True], [["a"]], {"a": 1}, "abc", ["fit", {}], 7]
)
def test_what_cannot_be_a_key_begins_nothing(named: Any) -> None:
    """Nor do others of the same event: what it names is in doubt."""
    with capture_logs() as logs:
        assert keys(LIST, {"keys": named}) == []
    assert [line["event"] for line in logs] == ["watch.not-begun"]


def test_an_expression_that_fails_is_told_once() -> None:
    """Of event after event the same: it begins nothing, and the log holds one line for each expression."""
    watch = defined(LIST.replace("""'event.source == "shop"'""", "'event.data.ok'"))
    with capture_logs() as logs:
        for _ in range(3):
            assert begun((watch,), event("told", {})) == ()
            assert begun((watch,), event("told", {"ok": True})) == ()
            assert begun((watch,), event("told", {"ok": "yes", "keys": ["a"]})) == ()
    assert [line["error"].partition(":")[0] for line in logs] == ["on", "keys"]
    assert len(begun((watch,), event("told", {"ok": True, "keys": ["a"]}))) == 1


def test_what_is_too_large_begins_nothing_and_says_so() -> None:
    """Too much to be kept, too many things, or both; where nothing is kept, size does not matter."""
    kept = LIST + 'headers = { X-Of = "${event.id}" }\n'
    large = "x" * MOST_ABOUT
    many = [str(n) for n in range(MOST_KEYS)]
    with capture_logs() as logs:
        assert keys(kept, {"keys": ["a"], "large": large}) == []
        assert keys(kept, {"keys": many, "large": large[:9000]}) == []
        assert keys(LIST, {"keys": [*many, "one more"]}) == []
    assert [line["error"].partition(":")[0] for line in logs] == ["too large"] * 3
    assert keys(LIST, {"keys": ["a"], "large": large}) == ["a"]
    assert len(keys(kept, {"keys": many})) == MOST_KEYS
