"""One item: its name, its time, its change, its body; and what cannot be used."""

from typing import Any

import pytest

from relay.http.question import Question
from relay.http.response import Response
from relay.poll.item import Listed, Payload, Poison, list_item, payload
from relay.poll.page import Page, next_request, read_page
from relay.template import Unfit
from relay.text import key_text
from tests.clock import START
from tests.poll.stand import compiled, poll_config

HEAD = 'api = "a"\npath = "/p"\n'


def read(toml: str, body: bytes, **headers: str) -> tuple[Any, Page]:
    """The reading of a table, and the page that it makes of a body."""
    toml = HEAD + toml + ("" if "items =" in toml else '\nitems = "body"')
    toml += "" if "\nid =" in f"\n{toml}" else '\nid = "item.id"'
    reading = compiled("x", poll_config(toml)).reading
    response = Response(200, headers, body, "https://h.example/v1/p?a=1", START)
    return reading, read_page(reading, response, {"each": {}, "since": None, "cursor": None}, 1)


def found(toml: str, body: bytes) -> list[Listed | Poison | None]:
    reading, page = read(toml, body)
    return [list_item(reading, scope) for scope in page.scopes()]


@pytest.mark.parametrize(
    ("body", "id"),
    [
        (b'[{"id":"x"}]', "x"),
        (b'[{"id":7}]', "7"),
        (b'[{"id":18446744073709551616}]', "18446744073709551616"),
        (b'[{"id":0.1}]', "0.1"),
        (b'[{"id":12345678901234567890.50}]', "12345678901234567890.5"),
        (b'[{"id":1e3}]', "1000"),
        (b'[{"id":"a\\u0000b"}]', key_text("a\0b")),
        (b'[{"id":"\\ud83d"}]', key_text("\ud83d")),
    ],
)
def test_ids_are_exact(body: bytes, id: str) -> None:
    """Text as it stands, a number as decimal; what cannot be kept is its digest."""
    (listed,) = found("", body)
    assert isinstance(listed, Listed)
    assert listed.id == id


@pytest.mark.parametrize(
    ("toml", "body", "error"),
    [
        ("", b'[{"id":null}]', "id: there is none"),
        ("", b'[{"id":""}]', "id: there is none"),
        ("", b'[{"id":true}]', "id: is neither text nor number"),
        ("", b'[{"id":[1]}]', "id: is neither text nor number"),
        ("", b"[7]", "id: no such key: id of int"),
        ('keep = "item.on"', b'[{"id":"x","on":1}]', "keep: gives int, not bool"),
        ('time = "item.at"', b'[{"id":"x","at":"soon"}]', "time: is no time since 1970"),
        ('time = "ts(item.at)"', b'[{"id":"x","at":-7}]', "time: is no time since 1970"),
        ('change = "item.a.b"', b'[{"id":"x","a":1}]', "change: no such key: b of int"),
    ],
)
def test_what_cannot_be_used_says_why(toml: str, body: bytes, error: str) -> None:
    """With the key of the table that failed on it."""
    (poison,) = found(toml, body)
    assert isinstance(poison, Poison)
    assert poison.error == error


def test_an_unnamed_item_is_known_by_all_of_it() -> None:
    """The same bytes in another order are the same item; another one is another."""
    one, two, three = found("", b'[{"a":1,"b":2},{"b":2,"a":1},{"a":1}]')
    assert isinstance(one, Poison)
    assert isinstance(two, Poison)
    assert isinstance(three, Poison)
    assert one.id == two.id
    assert one.id != three.id


def test_times() -> None:
    """Whatever a provider writes there; null is no time, and no fault."""
    body = b'[{"id":1,"t":"2026-09-21T14:13:20Z"},{"id":2,"t":1790000000},'
    body += b'{"id":3,"t":1790000000000},{"id":4,"t":null}]'
    times = [listed.time for listed in found('time = "item.t"', body) if isinstance(listed, Listed)]
    assert times == [START, START, START, None]
    times = [listed.time for listed in found('time = "ts(item.t)"', body) if isinstance(listed, Listed)]
    assert times == [START, START, START, None]


def test_a_change_is_a_value_not_its_writing() -> None:
    """The order of keys does not count; the value does."""
    one, two, three = found('id = "\'x\'"\nchange = "item"', b'[{"a":1,"b":2},{"b":2,"a":1},{"a":1,"b":3}]')
    assert isinstance(one, Listed)
    assert isinstance(two, Listed)
    assert isinstance(three, Listed)
    assert one.digest == two.digest
    assert one.digest != three.digest


@pytest.mark.parametrize(
    ("toml", "type_", "body"),
    [
        ("", "x", b'{"id":1,"amount":1.50,"kind":null}'),
        ('type = "item.kind"', "x", b'{"id":1,"amount":1.50,"kind":null}'),
        ('type = "item.id"\ndata = "item.amount"', "1", b"1.50"),
        ("data = '{\"twice\": item.amount * 2.0}'", "x", b'{"twice":3.0}'),
        ('data = \'{"as is": [item.amount], "n": 1}\'', "x", b'{"as is":[1.50],"n":1}'),
        ('data = \'{"at": timestamp("2026-01-01T00:00:00Z"), "a": item.amount}\'', "x", None),
    ],
)
def test_bodies(toml: str, type_: str, body: bytes | None) -> None:
    """What `data` gives, with numbers as they were written wherever it only hands them on."""
    reading, page = read(toml, b'[{"id":1,"amount":1.50,"kind":null}]')
    (scope,) = page.scopes()
    listed = list_item(reading, scope)
    assert isinstance(listed, Listed)
    made = payload(reading, listed)
    assert isinstance(made, Payload)
    assert made.type == type_
    assert made.body == (body or b'{"at":"2026-01-01T00:00:00Z","a":1.5}')


def test_a_body_that_cannot_be_made() -> None:
    """The item keeps its name."""
    reading, page = read('data = "item.nope"', b'[{"id":1}]')
    (scope,) = page.scopes()
    listed = list_item(reading, scope)
    assert isinstance(listed, Listed)
    poison = payload(reading, listed)
    assert isinstance(poison, Poison)
    assert (poison.id, poison.error) == ("1", "data: no such key: nope")


FIRST = Question("POST", "/p", (("a", "1"),), (("X", "y"),), {"q": 1})


@pytest.mark.parametrize(
    ("next_", "url"),
    [
        ("null", None),
        ("[]", None),
        ("''", None),
        ("body.filter(x, false)", None),
        ("'https://h.example/v1/p?b=2'", "https://h.example/v1/p?b=2"),
        ("['?b=2']", "https://h.example/v1/p?b=2"),
        ("'/q'", "https://h.example/q"),
        ("link(headers, 'next')", "https://h.example/v1/p?page=2"),
        ("link(headers, 'last')", None),
    ],
)
def test_the_next_page(next_: str, url: str | None) -> None:
    """A link is got as it stands, whatever the first request was; null, nothing and [] end the list."""
    reading, page = read(f'next = "{next_}"', b"[]", link='<?page=2>; rel="next"')
    found = next_request(reading, page, FIRST, "https://h.example/v1/p?a=1")
    assert found == (None if url is None else Question("GET", url, (), (("X", "y"),)))


OPTIONAL = """
items = "body.?list"
id = "item.?n"
time = "item.?t"
type = "item.?type"
change = "item.?state"
data = "item.?amount"
next = "body.?next"
"""


def test_an_optional_is_what_it_holds() -> None:
    """Whatever key it stands at, with numbers as they were written."""
    body = b'{"list":[{"n":12345678901234567890.50,"t":1790000000,"type":"paid","state":1,"amount":1.50}]}'
    reading, page = read(OPTIONAL, body)
    (scope,) = page.scopes()
    listed = list_item(reading, scope)
    assert isinstance(listed, Listed)
    assert (listed.id, listed.time) == ("12345678901234567890.5", START)
    assert payload(reading, listed) == Payload("paid", b"1.50")
    assert next_request(reading, page, FIRST, "https://h.example/v1/p") is None
    for said in ('"/q"', '{"query":{"a":2}}'):
        reading, page = read(OPTIONAL, b'{"next":%s}' % said.encode())
        assert page.items == []
        assert next_request(reading, page, FIRST, "https://h.example/v1/p") is not None


def test_an_optional_that_holds_nothing_is_null() -> None:
    """An item without what it is called by cannot be used; all else it may leave out."""
    reading, page = read(OPTIONAL, b'{"list":[{"n":1},{"n":1,"state":null},{"n":1,"state":2},{}]}')
    one, same, other, nameless = (list_item(reading, scope) for scope in page.scopes())
    assert isinstance(one, Listed)
    assert isinstance(same, Listed)
    assert isinstance(other, Listed)
    assert isinstance(nameless, Poison)
    assert (one.time, one.digest == same.digest, one.digest == other.digest) == (None, True, False)
    assert payload(reading, one) == Payload("x", b"null")
    assert nameless.error == "id: there is none"


@pytest.mark.parametrize("next_", ["7", "true", "['a', 'b']", "[['a']]", "body[9]", "'http://[x'"])
def test_a_next_page_that_is_none(next_: str) -> None:
    """It is told, and never taken for the end."""
    reading, page = read(f'next = "{next_}"', b"[]")
    with pytest.raises(Unfit, match="next"):
        next_request(reading, page, FIRST, "https://h.example/v1/p?a=1")


@pytest.mark.parametrize("body", [b'{"a":1}', b"7", b'"text"'])
def test_a_page_without_a_list(body: bytes) -> None:
    """`items` must give one; null is an empty one, for some write it so."""
    with pytest.raises(Unfit, match="no list"):
        read("", body)
    assert read("", b"null")[1].items == []
