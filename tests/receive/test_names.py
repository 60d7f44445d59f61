"""`id`, `also`, `type` and `time`: where the names of an event stand."""

import hashlib

import pytest

from relay.event import Headers
from tests.receive.providers.posting import NOW, identity, post, problems, provider

BODY = b"""{"id": "e1", "n": 42, "neg": -7, "yes": true, "nothing": null, "empty": "",
"list": ["x", {"y": "z"}],
"a-b": {"c": "dashed"}, "big": 123456789012345678901234567890, "bigger": 123456789012345678901234567891,
"u64": 18446744073709551615, "f": 1.50, "e": 15e-1, "k": 1e3,
"fine": 0.1234567890123456789, "nul": "a\\u0000b",
"a.b": "dotted", "tiny": 1e-99999, "at": "2025-11-24T16:00:00Z"}"""


def named(text: str, body: bytes = BODY, headers: Headers = ()) -> str | None:
    """The key by `id = text`."""
    return identity(provider(verify="none", id=text), post(headers, body)).key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("body.id", "e1"),
        ("  body.id ", "e1"),
        ('body["id"]', "e1"),
        ("body['id']", "e1"),
        ('body["a-b"].c', "dashed"),
        ('body["a.b"]', "dotted"),
        ("body.list[0]", "x"),
        ("body.list[ 1 ].y", "z"),
        ("body.list[2]", None),
        ("body.list[9999]", None),
        ("body.id[0]", None),
        ("body.id.x", None),
        ("body[0]", None),
        ("body.missing", None),
        ("body.missing.more", None),
        ("body.nothing", None),
        ("body.nothing.more", None),
        ("body.empty", None),
        ("body.yes", None),
        ("body.list", None),
        ('body["a-b"]', None),
        ("body.n", "42"),
        ("body.neg", "-7"),
        ("body.u64", "18446744073709551615"),
        ("body.big", "123456789012345678901234567890"),
        ("body.bigger", "123456789012345678901234567891"),
        ("body.f", "1.5"),
        ("body.e", "1.5"),
        ("body.k", "1000"),
        ("body.fine", "0.1234567890123456789"),
        ("body.tiny", "1e-99999"),
        ("headers.x", "first"),
        ('headers["x-request-id"]', "r1"),
        ("headers.missing", None),
        ("headers.blank", None),
        ("digest", hashlib.sha256(BODY).hexdigest()),
    ],
)
def test_fields(text: str, expected: str | None) -> None:
    """A field is its string, a number its exact decimal; what is missing, null, empty or no text is none."""
    headers = ((b"X", b"first"), (b"X", b"second"), (b"X-Request-ID", b"r1"), (b"Blank", b""))
    assert named(text, headers=headers) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mismatched input '<EOF>'"),
        ("body.a b", "extraneous input 'b'"),
        ("bdy.a", "undeclared reference to 'bdy"),
        ("event.type", "undeclared reference to 'event"),
        ("headers[0]", "found no matching overload for '_[_]'"),
        ("headers.x.y", "cannot be the operand of a select operation"),
        ("size()", "undeclared reference to 'size'"),
        ("body.a ==", "mismatched input '<EOF>'"),
    ],
)
def test_what_is_no_expression(text: str, said: str) -> None:
    """It is told at its key, with the column, and what may stand there."""
    (problem,) = problems(verify="none", id=text)
    assert problem.path == "source.shop.id"
    assert said in problem.text
    assert "at column" in problem.text
    assert "body.id" in problem.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"order:" + string(body.n)', "order:42"),
        ('body.yes ? body.id : "no"', "e1"),
        ('body.?missing.orValue("none")', "none"),
        ("body.?n", "42"),
        ("body.?fine", "0.1234567890123456789"),
        ("body.?missing.?more", None),
        ('body.nothing == null ? body.list[0] : ""', "x"),
        ('headers["x-request-id"] + "/" + query.page', "r1/7"),
        ("body.u64", "18446744073709551615"),
        ("body.n + 1", "43"),
        ("body.f * 2.0", "3"),
        ("body.list", None),
        ("body.missing.more", None),
        ("body.n / 0", None),
    ],
)
def test_expressions(text: str, expected: str | None) -> None:
    """Any CEL over the request; what fails, or gives no string and no number, is not there."""
    request = post(((b"X-Request-ID", b"r1"),), BODY, query="page=7&page=8")
    assert identity(provider(verify="none", id=text), request).key == expected


def test_lists() -> None:
    """Of `id` the first that is there counts; of `also` all, each once, without the key itself."""
    shop = provider(verify="none", id=["body.a", "body.b", "body.c"], also=["body.c", "body.b", "body.d"])
    names = identity(shop, post({}, b'{"a":null,"b":"B","c":"C","d":"C"}'))
    assert (names.key, names.also) == ("B", ("C",))
    names = identity(shop, post({}, b"{}"))
    assert (names.key, names.also) == (None, ())


def test_without_names() -> None:
    """A source that names nothing knows no duplicates, and its events are of its own name."""
    names = identity(provider(verify="none"), post({}, BODY))
    assert (names.key, names.type, names.also, names.occurred) == (None, None, (), None)


@pytest.mark.parametrize("body", [b"", b"text", b"\xff", b"[" * 100_000, b"null", b'"body"', b"{", b"\0"])
def test_bodies_without_fields(body: bytes) -> None:
    """A body that is no JSON has no fields, and is no error."""
    assert named("body.id", body) is None


def test_forms() -> None:
    """A form's fields are named as a map's are; of a repeated one the first."""
    headers = ((b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8"),)
    assert named("body.MessageSid", b"a=1&MessageSid=SM%C3%BC+1&MessageSid=2", headers) == "SMü 1"
    assert named("body.a.b", b"a=1", headers) is None
    assert named("body.a", b"a=1" + b"&b" * 1_000, headers) is None


def test_a_number_in_a_deep_body() -> None:
    """A body as deep as JSON may be here raises nothing, also where a number is read exactly."""
    body = b'{"f": 1.5, "deep": ' + b"[" * 1_020 + b"]" * 1_020 + b"}"
    assert named("body.f", body) in {None, "1.5"}


UNFIT = "sha256:"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        (b"x" * 1024, True),
        ("é".encode() * 512, True),
        (b"x" * 1025, False),
        ("é".encode() * 513, False),
        (b"a\xffb", False),
        (b"a\0b", False),
        (b"\xed\xa0\x80", False),
    ],
)
def test_keys_fit_a_database(value: bytes, fits: bool) -> None:
    """A key is text of at most 1 KiB; what is not becomes a digest, a different one for different keys."""
    one, other = (named("headers.x", headers=((b"x", text),)) for text in (value, value + b"!"))
    assert one is not None
    if fits:
        assert one.encode() == value
    else:
        assert one == UNFIT + hashlib.sha256(value).hexdigest()
    assert one != other
    one.encode()


def test_types_fit_a_database() -> None:
    """A type is text of at most 256 characters."""
    shop = provider(verify="none", type="headers.x")
    for value, expected in (
        (b"a\xffb\0c", "a\ufffdb\ufffdc"),
        ("ü".encode() * 300, "ü" * 256),
        (b"order.paid", "order.paid"),
    ):
        assert identity(shop, post({"x": value})).type == expected


def test_times_of_requests() -> None:
    """The time is read from the body, or from a header."""
    assert identity(provider(verify="none", time="body.at"), post({}, BODY)).occurred == NOW
    assert identity(provider(verify="none", time="headers.x"), post({"x": "1764000000"})).occurred == NOW
    assert identity(provider(verify="none", time="headers.x"), post({"x": b"\xff"})).occurred is None
    assert identity(provider(verify="none", time="timestamp(body.at)"), post({}, BODY)).occurred == NOW
