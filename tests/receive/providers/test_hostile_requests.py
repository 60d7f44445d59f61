"""Whatever comes: no provider raises, believes what is not signed, or names what cannot be kept."""

import hashlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.config.schema import SourceConfig
from relay.receive.examine import examine
from relay.receive.providers.known import build
from relay.receive.providers.protocol import Answer, Identity, Provider, Rejected, Request, Wanted
from tests.receive.providers import pasted, vectors
from tests.receive.providers.posting import NOW, provider

HMAC = {"type": "hmac", "header": "X-Sig"}
STAMPED = HMAC | {"signed": "{ts}{header:X-Id}{json:a.b.0}{url}{method}{secret}{body}"}
ALL_NAMES: dict[str, Any] = {
    "id": ["body.a.b[0]", 'headers["x-id"]', "digest"],
    "also": ["body.a", "body.n", "headers.x"],
    "type": "body.type",
    "time": "body.timestamp",
}
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES: dict[str, Provider] = {
    "github": provider(provider="github", secret=SECRET),
    "github, named": provider(provider="github", secret=SECRET, **ALL_NAMES),
    "standard-webhooks": provider(provider="standard-webhooks", secret=SECRET),
    "hmac": provider(verify=HMAC, secret=SECRET, **ALL_NAMES),
    "hmac, stamped": provider(
        verify=STAMPED | {"timestamp": {"header": "X-When", "unit": "ms"}}, secret=SECRET, **ALL_NAMES
    ),
    "hmac, pairs": provider(
        verify=HMAC
        | {
            "pairs": {"time": "t", "signature": "v1"},
            "timestamp": {},
            "encoding": "base64",
            "signed": "{ts}",
        },
        secret=SECRET,
    ),
    "hmac, form": provider(verify=HMAC | {"signed": "{path}{form_sorted}"}, secret=SECRET),
    "hmac, list": provider(verify=HMAC | {"item_separator": ",", "body_sha256_query": "d"}, secret=SECRET),
    "hmac, body": provider(
        verify={"type": "hmac", "json": "a.b", "signed": "{json:n}", "timestamp": {"json": "timestamp"}},
        secret=SECRET,
    ),
    "token": provider(verify={"type": "token", "header": "X-Sig", "prefix": "é"}, secret=SECRET),
    "token, body": provider(verify={"type": "token", "json": "a.*.b"}, secret=SECRET),
    "bearer": provider(verify={"type": "bearer"}, secret=SECRET),
    "basic": provider(verify={"type": "basic", "username": "u"}, secret=SECRET),
}

PROVING = set(
    b"x-sig x-when authorization webhook-id webhook-timestamp webhook-signature x-hub-signature-256".split()
)
NAMES = st.sampled_from(
    b"X-Sig X-When X-Id X Authorization Content-Type webhook-id webhook-timestamp webhook-signature svix-id "
    b"svix-timestamp svix-signature X-GitHub-Event X-GitHub-Delivery X-Hub-Signature-256".split()
)
VALUES = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers(-(10**30), 10**30).map(lambda number: str(number).encode()),
    st.sampled_from(
        [
            *(
                b"sha256=",
                b"v1,",
                b"v1,,v1 v1,\xff",
                b"t=1,v1=",
                b"t=,v1=\xff,t",
                b"Bearer \xff",
                b"Basic \xff",
            ),
            *(b"1764000000", b"-1", b"1764000000000", "١٢٣".encode(), b"9" * 4000, b"1e400", b"nan"),
            b"application/x-www-form-urlencoded; charset=\xff",
            b"sha256=" + b"0" * 64,
        ]
    ),
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**40), 10**40).map(str),
        st.floats().map(repr),
        st.text(max_size=8).map(repr),
        st.sampled_from(['"\\ud800"', '"\\u0000"', '"1764000000"', "1e-9999", "123456789012345678901", '""']),
    ).map(str),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.dictionaries(
            st.sampled_from(["a", "b", "n", "type", "timestamp", "action"]), inner, max_size=4
        ).map(lambda fields: "{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}"),
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 1_020 + b"1" + b"}" * 1_020, b"&" * 3_000, b"payload=%", b"\0"]
    ),
)
TEXTS = st.text(max_size=30)


def judge(source: Provider, request: Request) -> None:
    """Not believed; and were it, its names could be kept."""
    rejected = source.verify(request, NOW)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 401
    named = source.identify(request)
    if isinstance(named, Rejected):
        assert named.status == 400
    elif isinstance(named, Identity):
        kept(named)
    else:
        for part in named:
            kept(part.identity)


def kept(named: Identity) -> None:
    """Its names are such as a database takes."""
    for text in (named.key, named.type, *named.also):
        if text is not None:
            assert "\0" not in text
            assert 0 < len(text.encode()) <= 1024
    assert named.occurred is None or 0 <= named.occurred < 2**62


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=120, deadline=None)
@given(headers=st.lists(st.tuples(NAMES, VALUES), max_size=8), body=BODIES, query=TEXTS, path=TEXTS)
@example(headers=[], body=b"", query="\ud800", path="\udcff\ud800")
def test_strangers(name: str, headers: list[tuple[bytes, bytes]], body: bytes, query: str, path: str) -> None:
    """No header, body, path or query raises, or is believed without a signature."""
    judge(SOURCES[name], Request("POST", path, query, tuple(headers), body))


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.endswith("body")])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_header_altered(name: str, data: Any) -> None:
    """Of a request that verifies, no header that proves it can have another value."""
    source = SOURCES[name]
    sample = source.samples()[0]
    headers = source.sign(sample, NOW)
    query = f"d={hashlib.sha256(sample.body).hexdigest()}" if name == "hmac, list" else ""
    assert source.verify(Request("POST", "/in/shop", query, headers, sample.body), NOW) is None
    at = data.draw(st.sampled_from([n for n, (key, _) in enumerate(headers) if key.lower() in PROVING]))
    value = data.draw(VALUES.filter(lambda value: value != headers[at][1]))
    altered = (*headers[:at], (headers[at][0], value), *headers[at + 1 :])
    assert isinstance(source.verify(Request("POST", "/in/shop", query, altered, sample.body), NOW), Rejected)


@pytest.mark.parametrize(
    "name", [name for name in SOURCES if name.startswith(("github", "standard", "hmac, s"))]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_byte_of_the_body_altered(name: str, data: Any) -> None:
    """Of a signed body no byte can be changed, left out or added."""
    source = SOURCES[name]
    sample = source.samples()[0]
    headers, body = source.sign(sample, NOW), sample.body
    at = data.draw(st.integers(0, len(body) - 1))
    piece = data.draw(st.binary(max_size=2).filter(lambda piece: piece != body[at : at + 1]))
    changed = body[:at] + piece + body[at + 1 :]
    assert isinstance(source.verify(Request("POST", "/in/shop", "", headers, changed), NOW), Rejected)


PRESETS: dict[str, Provider] = {name: pasted.provider(name) for name in pasted.NAMES}


def header_names(name: str) -> list[bytes]:
    """All that its vectors name."""
    cases = vectors.cases(name).values()
    return sorted({header for case in cases for header, _ in vectors.headers(case)} | {b"Content-Type"})


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_strangers_of_presets(name: str, data: Any) -> None:
    """Nobody is believed with values of his own, whatever the headers, the method and the query."""
    names = st.sampled_from(header_names(name))
    headers = data.draw(st.lists(st.tuples(names, VALUES), max_size=10))
    method = data.draw(st.sampled_from(sorted(PRESETS[name].methods)))
    query = data.draw(st.one_of(TEXTS, st.sampled_from(QUERIES)))
    found = examine(PRESETS[name], Request(method, "/in/shop", query, tuple(headers), data.draw(BODIES)), NOW)
    assert isinstance(found, Rejected | Answer), found
    if isinstance(found, Rejected):
        assert found.status in {400, 401, 403, 413, 415}


QUERIES = [
    *("crc_token=x", "challenge=%ff", "validationToken=%00", "access_token=%ff%00", "bodySHA256=%ff"),
    *(
        "hub.mode=subscribe&hub.challenge=x&hub.verify_token=%ff",
        "crc_token=%7B%7D",
        "&".join(["a=b"] * 2000),
    ),
]


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_true_requests_altered(name: str, data: Any) -> None:
    """One part of a request changed at will: it is judged, and nothing raises."""
    case = data.draw(st.sampled_from(sorted(vectors.cases(name).values(), key=lambda case: case["case"])))
    asked = case["request"]
    headers, body = list(vectors.headers(case)), vectors.content(asked.get("body", ""))
    if headers and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(headers) - 1))
        headers[at] = (headers[at][0], data.draw(VALUES))
    else:
        at = data.draw(st.integers(0, len(body)))
        body = body[:at] + data.draw(st.binary(max_size=3)) + body[at + data.draw(st.integers(0, 3)) :]
    request = Request(asked["method"], asked["path"], asked.get("query", ""), tuple(headers), body[:100_000])
    source = build(name, SourceConfig.model_validate(vectors.table(name, case)), case.get("public_url"))
    assert not isinstance(source, list)
    found = examine(source, request, case["now"] * SECOND)
    if isinstance(found, Wanted):
        fetched = data.draw(st.one_of(st.binary(max_size=60), st.sampled_from(certificates(case))))
        found = examine(source, request, case["now"] * SECOND, fetched)
    assert not isinstance(found, Wanted)


def certificates(case: vectors.Case) -> list[bytes]:
    """What the case's addresses deliver."""
    return [text.encode() for text in case["fetch"].values() if text] or [b""]
