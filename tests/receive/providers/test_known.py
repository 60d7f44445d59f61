"""Building providers: what loads, and what is said of what does not."""

from typing import Any

import pytest

from tests.receive.providers.posting import hexmac, post, problems, provider, status

HMAC = {"type": "hmac", "header": "X-Sig"}


@pytest.mark.parametrize(
    ("table", "path", "text"),
    [
        ({"provider": "github"}, "secret", "a secret is needed"),
        ({"verify": HMAC}, "secret", "a secret is needed"),
        ({"verify": {"type": "bearer"}}, "secret", "a secret is needed"),
        ({"verify": HMAC | {"secret_encoding": "hex"}, "secret": "zz"}, "secret", "it is no hex"),
        ({"verify": HMAC | {"secret_strip_prefix": "k_"}, "secret": "k_"}, "secret", "it is empty"),
        ({"verify": HMAC | {"secret_encoding": "base64"}, "secret": "="}, "secret", "it is empty"),
        ({}, "verify", "nothing proves the sender"),
        ({"verify": {"type": "hmac"}, "secret": "s"}, "verify", "it stands in one place"),
        ({"verify": HMAC | {"json": "a"}, "secret": "s"}, "verify", "it stands in one place"),
        ({"verify": HMAC | {"timestamp": {}}, "secret": "s"}, "verify.timestamp", "it stands in one place"),
        (
            {"verify": {"type": "token", "header": "X Token"}, "secret": "s"},
            "verify.header",
            "'X Token' is no name of a header",
        ),
        (
            {"verify": {"type": "token", "json": "a..b"}, "secret": "s"},
            "verify.json",
            "'a..b' is no place in a body",
        ),
        (
            {"verify": {"type": "hmac", "json": "a.*", "signed": "x"}, "secret": "s"},
            "verify.json",
            "'a.*' is no place in a body",
        ),
        (
            {"verify": {"type": "basic", "username": "a:b"}, "secret": "s"},
            "verify.username",
            "holds no colon",
        ),
        ({"verify": HMAC | {"signed": "{boddy}"}, "secret": "s"}, "verify.signed", "placeholder {boddy}"),
        ({"verify": HMAC | {"signed": "{}"}, "secret": "s"}, "verify.signed", "unknown placeholder {}"),
        ({"verify": HMAC | {"signed": "{body:x}"}, "secret": "s"}, "verify.signed", "placeholder {body:x}"),
        ({"verify": HMAC | {"signed": "{header:}"}, "secret": "s"}, "verify.signed", "placeholder {header:}"),
        ({"verify": HMAC | {"signed": "{header:a b}"}, "secret": "s"}, "verify.signed", "{header:a b}"),
        ({"verify": HMAC | {"signed": "{json:a.*}"}, "secret": "s"}, "verify.signed", "{json:a.*}"),
        ({"verify": HMAC | {"signed": "{body"}, "secret": "s"}, "verify.signed", "a brace without its other"),
        ({"verify": HMAC | {"signed": "body}"}, "secret": "s"}, "verify.signed", "a brace without its other"),
        (
            {"verify": HMAC | {"signed": "{ts}.{body}"}, "secret": "s"},
            "verify.signed",
            "{ts} needs a timestamp",
        ),
        (
            {"verify": {"type": "hmac", "json": "sig"}, "secret": "s"},
            "verify.signed",
            "a body cannot hold its own signature",
        ),
    ],
)
def test_faults(table: dict[str, Any], path: str, text: str) -> None:
    """Each fault is told at its dotted path, with a hint, and alone."""
    (problem,) = problems(**table)
    assert problem.path == f"source.shop.{path}"
    assert text in problem.text
    assert problem.hint
    assert not problem.warning


def test_url_needs_the_public_url() -> None:
    """A signature over the URL does not load while the URL is unknown; never is it taken from the request."""
    table: dict[str, Any] = {"verify": HMAC | {"signed": "{url}{body}"}, "secret": "s"}
    (problem,) = problems(public_url=None, **table)
    assert (problem.path, problem.hint) == ("source.shop.verify.signed", "set public_url in [server]")


@pytest.mark.parametrize("public_url", ["https://a.example", "https://a.example/"])
def test_the_public_url_is_joined(public_url: str) -> None:
    """Whether it ends in a slash or not, one stands between it and the path."""
    shop = provider(public_url, verify=HMAC | {"signed": "{url}"}, secret="s")
    request = post({"X-Sig": hexmac("s", b"https://a.example/in/shop?a")}, b"", "a")
    assert status(shop, request) == 200


def test_all_faults_at_once() -> None:
    """Nobody has to mend a file one fault at a time."""
    found = problems(
        verify=HMAC | {"signed": "{ts}{x}", "secret_encoding": "hex"},
        secret=["zz", "yy"],
        id=["body.a", "size(body"],
        type="event.type",
    )
    assert [problem.path.removeprefix("source.shop.") for problem in found] == [
        *["secret"] * 2,
        *["verify.signed"] * 2,
        "id",
        "type",
    ]


@pytest.mark.parametrize("table", [{"provider": "github"}, {"verify": HMAC}, {"verify": {"type": "bearer"}}])
def test_secrets_are_not_told(table: dict[str, Any]) -> None:
    """No provider shows its secret when it is printed, nor does a fault."""
    secret = "5f0c66b6031fed79"
    shop = provider(secret=secret, **table)
    assert secret not in repr(shop)
    assert secret not in repr(problems(secret=secret, id="?", **table))


def test_secrets_are_not_told_by_parts() -> None:
    """The parts that hold keys do not print them either."""
    shop = provider(secret="5f0c66b6031fed79", verify=HMAC)
    assert "5f0c66b6031fed79" not in "".join(repr(part) for part in vars(shop).values())
