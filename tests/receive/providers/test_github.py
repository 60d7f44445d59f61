"""The preset `github`."""

from urllib.parse import urlencode

import pytest

from relay.receive.providers.protocol import Rejected, Request
from tests.receive.providers.posting import NOW, hexmac, identity, post, problems, provider, status

SECRET = "It's a Secret to Everybody"
BODY = '{"action":"opened","title":"Grüezi 👋"}'.encode()
SIGNATURE = f"sha256={hexmac(SECRET, BODY)}"
MADE_OF_BYTES = bytes(range(256)) * 40_000


def delivery(body: bytes = BODY, **headers: str | bytes) -> Request:
    """A signed `issues` event; what is given replaces a header, dashes for underscores."""
    usual: dict[str, str | bytes] = {
        "Content-Type": "application/json",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": "issues",
        "X-Hub-Signature-256": f"sha256={hexmac(SECRET, body)}",
    }
    return post(usual | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_published_value() -> None:
    """The value that GitHub publishes for testing verifies."""
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = post({"X-Hub-Signature-256": f"sha256={digest}"}, b"Hello, World!")
    assert status(provider(provider="github", secret=SECRET), request) == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (SIGNATURE, 200),
        (SIGNATURE.replace("sha256=", "SHA256="), 401),
        (SIGNATURE.removeprefix("sha256="), 401),
        (f"sha1={hexmac(SECRET, BODY, 'sha1')}", 401),
        (f"sha256={hexmac(SECRET, BODY, 'sha1')}", 401),
        (f"sha256={hexmac('other', BODY)}", 401),
        (SIGNATURE[:-1], 401),
        (SIGNATURE + "0", 401),
        ("sha256=", 401),
        ("", 401),
        (b"sha256=\xff\xfe" + b"0" * 62, 401),
        ("sha256=" + "é" * 64, 401),
        (f"{SIGNATURE}, {SIGNATURE}", 401),
    ],
)
def test_signature_values(value: str | bytes, expected: int) -> None:
    """Only the exact signature of the right scheme verifies."""
    source = provider(provider="github", secret=SECRET)
    assert status(source, delivery(X_Hub_Signature_256=value)) == expected


@pytest.mark.parametrize("body", [BODY, b"{}", "ünï".encode("utf-16"), MADE_OF_BYTES, b""])
def test_bytes_of_the_body_are_what_counts(body: bytes) -> None:
    """Whatever bytes were signed verify, and no others do."""
    source = provider(provider="github", secret=SECRET)
    request = delivery(body)
    changed = Request("POST", "/in/shop", "", request.headers, body + b" ")
    assert (status(source, request), status(source, changed)) == (200, 401)


def test_old_signature_alone_is_not_enough() -> None:
    """The sha1 header does not verify, however right it is."""
    request = post({"X-Hub-Signature": f"sha1={hexmac(SECRET, BODY, 'sha1')}"}, BODY)
    assert status(provider(provider="github", secret=SECRET), request) == 401


def test_any_of_several_secrets() -> None:
    """While a secret is changed, the old and the new one verify, and no third."""
    source = provider(provider="github", secret=["new", SECRET])
    assert status(source, delivery()) == 200
    assert status(source, delivery(X_Hub_Signature_256=f"sha256={hexmac('new', BODY)}")) == 200
    assert status(source, delivery(X_Hub_Signature_256=f"sha256={hexmac('third', BODY)}")) == 401


def test_time_does_not_count() -> None:
    """GitHub signs no time: a redelivery years later verifies."""
    source = provider(provider="github", secret=SECRET)
    assert {status(source, delivery(), now) for now in (0, NOW, NOW * 3)} == {200}


@pytest.mark.parametrize(
    ("event", "body", "expected"),
    [
        ("push", b'{"ref":"refs/heads/main"}', "push"),
        ("issues", b'{"action":"opened"}', "issues.opened"),
        ("ping", b'{"zen":"x"}', "ping"),
        ("issues", b'{"action":null}', "issues"),
        ("issues", b'{"action":7}', "issues"),
        ("issues", b'{"action":""}', "issues"),
        ("issues", b"[1]", "issues"),
        ("issues", b"no json", "issues"),
        ("issues", b"[" * 100_000, "issues"),
        ("issues", b'{"action":"a\\u0000b"}', "issues.a\ufffdb"),
        ("issues", b'{"action":"' + b"x" * 5_000 + b'"}', ("issues." + "x" * 5_000)[:256]),
    ],
)
def test_type(event: str, body: bytes, expected: str) -> None:
    """The type is the event with the body's action; a signed body that cannot be read is not lost for it."""
    source = provider(provider="github", secret=SECRET)
    named = identity(source, delivery(body, X_GitHub_Event=event))
    assert (named.type, named.key) == (expected, "72d3162e-cc78-11e3-81ab-4c9367dc0958")
    assert (named.also, named.occurred) == ((), None)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "Application/X-WWW-Form-Urlencoded;charset=utf-8",
    ],
)
def test_form_hooks(content_type: str) -> None:
    """A form hook is signed over the form's text, and its action is read from `payload`."""
    body = urlencode({"payload": BODY.decode()}).encode()
    source = provider(provider="github", secret=SECRET)
    request = delivery(body, Content_Type=content_type)
    assert status(source, request) == 200
    assert identity(source, request).type == "issues.opened"


@pytest.mark.parametrize("body", [b"payload=", b"payload=%", b"a&b&&=", b"payload=%7B", b"&" * 5_000])
def test_unusable_forms(body: bytes) -> None:
    """A signed form that holds no JSON has no action, and is kept."""
    request = delivery(body, Content_Type="application/x-www-form-urlencoded")
    assert identity(provider(provider="github", secret=SECRET), request).type == "issues"


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"", {}), (BODY, {"X_GitHub_Delivery": ""}), (BODY, {"X_GitHub_Event": ""})],
)
def test_signed_but_unusable(body: bytes, headers: dict[str, str]) -> None:
    """A signed request without body, id or event is 400."""
    source = provider(provider="github", secret=SECRET)
    request = delivery(body, **headers)
    assert status(source, request) == 200
    named = source.identify(request)
    assert isinstance(named, Rejected)
    assert named.status == 400


def test_unsigned_and_empty_is_401() -> None:
    """The signature is judged before the body is: strangers learn nothing."""
    assert status(provider(provider="github", secret=SECRET), post({})) == 401


def test_names_of_the_file_come_first() -> None:
    """What the file names replaces the preset's, and where it yields nothing the preset's stands."""
    source = provider(provider="github", secret="s", id="body.a", type="body.b", also="body.c", time="body.d")
    named = identity(source, delivery(b'{"a":1,"b":"x","c":"y","d":1764000000}'))
    assert (named.key, named.type, named.also, named.occurred) == ("1", "x", ("y",), NOW)
    named = identity(source, delivery(b'{"action":"opened"}'))
    assert (named.key, named.type) == ("72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues.opened")


def test_samples_are_signed_as_github_does() -> None:
    """Each sample verifies, is of its type, and comes with a new id every time."""
    source = provider(provider="github", secret=["first", "second"])
    kinds, keys = [], set()
    for sample in [*source.samples(), *source.samples()]:
        request = post(source.sign(sample, NOW), sample.body)
        assert status(source, request) == 200
        named = identity(source, request)
        assert named.type == sample.type
        kinds.append(sample.type)
        keys.add(named.key)
    assert set(kinds) == {"push", "issues.opened", "ping"}
    assert len(keys) == len(kinds)


def test_limits_are_githubs() -> None:
    """It waits 10 s and sends at most 25 MiB, and its headers go along."""
    source = provider(provider="github", secret="s")
    assert (source.ack_timeout, source.max_body, source.proofs) == (9.0, 25 << 20, frozenset())


def test_needs_a_secret() -> None:
    """Without a secret it does not load."""
    assert [problem.path for problem in problems(provider="github")] == ["source.shop.secret"]
