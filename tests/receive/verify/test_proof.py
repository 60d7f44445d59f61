"""`verify` of the types token, bearer, basic and none."""

import base64
from typing import Any

import pytest

from tests.receive.providers.posting import post, provider, status


def basic(pair: str | bytes) -> str:
    raw = pair.encode() if isinstance(pair, str) else pair
    return f"Basic {base64.b64encode(raw).decode()}"


BASIC = {"type": "basic", "username": "émile"}


@pytest.mark.parametrize(
    ("verify", "headers", "expected"),
    [
        ({"type": "token", "header": "X-Token"}, {"x-token": "s:é"}, 200),
        ({"type": "token", "header": "X-Token"}, {"x-token": "s:é "}, 401),
        ({"type": "token", "header": "X-Token"}, {"x-token": "old"}, 200),
        ({"type": "token", "header": "X-Token"}, {"x-token": ""}, 401),
        ({"type": "token", "header": "X-Token"}, {"x-token": b"s:\xe9"}, 401),
        ({"type": "token", "header": "X-Token"}, {"other": "s:é"}, 401),
        ({"type": "token", "header": "Authorization", "prefix": "Key "}, {"authorization": "Key s:é"}, 200),
        ({"type": "token", "header": "Authorization", "prefix": "Key "}, {"authorization": "s:é"}, 401),
        ({"type": "token", "header": "Authorization", "prefix": "Key "}, {"authorization": "key s:é"}, 401),
        ({"type": "bearer"}, {"Authorization": "Bearer s:é"}, 200),
        ({"type": "bearer"}, {"Authorization": "bEARER   old"}, 200),
        ({"type": "bearer"}, {"Authorization": "Bearer"}, 401),
        ({"type": "bearer"}, {"Authorization": "Bearer "}, 401),
        ({"type": "bearer"}, {"Authorization": "Basic s:é"}, 401),
        ({"type": "bearer"}, {"Authorization": "s:é"}, 401),
        ({"type": "bearer"}, {"Authorization": b"Bearer \xff\x00"}, 401),
        ({"type": "bearer"}, {}, 401),
        (BASIC, {"Authorization": basic("émile:s:é")}, 200),
        (BASIC, {"Authorization": basic("émile:old").replace("Basic", "basic")}, 200),
        (BASIC, {"Authorization": basic("emile:s:é")}, 401),
        (BASIC, {"Authorization": basic("émile:s")}, 401),
        (BASIC, {"Authorization": basic("émile")}, 401),
        (BASIC, {"Authorization": basic(b"\xff:\xff")}, 401),
        (BASIC, {"Authorization": basic("émile:old").rstrip("=") + "!"}, 401),
        (BASIC, {"Authorization": "Basic é"}, 401),
        (BASIC, {"Authorization": "Basic "}, 401),
        (BASIC, {"Authorization": "Bearer old"}, 401),
        (BASIC, {}, 401),
    ],
)
def test_headers(verify: dict[str, Any], headers: dict[str, str | bytes], expected: int) -> None:
    """One of the secrets, in its header and by its scheme, verifies; nothing else does."""
    shop = provider(verify=verify, secret=["s:é", "old"])
    assert status(shop, post(headers, b"{}")) == expected


@pytest.mark.parametrize(
    ("place", "body", "expected"),
    [
        ("token", b'{"token":"s"}', 200),
        ("token", b'{"token":"t"}', 401),
        ("token", b'{"token":["s"]}', 401),
        ("token", b'{"token":null}', 401),
        ("token", b'{"token":"s"', 401),
        ("token", b"", 401),
        ("a.b.1", b'{"a":{"b":["x","s"]}}', 200),
        ("a.b.1", b'{"a":{"b":{"1":"s"}}}', 200),
        ("a.b.1", b'{"a":{"b":["s"]}}', 401),
        ("value.*.clientState", b'{"value":[{"clientState":"s"},{"clientState":"s"}]}', 200),
        ("value.*.clientState", b'{"value":[{"clientState":"s"},{"clientState":"t"}]}', 401),
        ("value.*.clientState", b'{"value":[{"clientState":"s"},{}]}', 401),
        ("value.*.clientState", b'{"value":[]}', 401),
        ("value.*.clientState", b'{"value":{"clientState":"s"}}', 401),
        ("value.*.clientState", b"{}", 401),
        ("*.*", b'[["s"],["s","s"]]', 200),
        ("*.*", b'[["s"],[]]', 401),
        ("*.*", b'[["s"],"s"]', 401),
        ("token", b"[" * 100_000, 401),
    ],
)
def test_tokens_in_the_body(place: str, body: bytes, expected: int) -> None:
    """A token in the body verifies where it stands; in a list, which may not be empty, in every element."""
    assert status(provider(verify={"type": "token", "json": place}, secret="s"), post({}, body)) == expected


@pytest.mark.parametrize("verify", ["none", {"type": "none"}])
def test_none(verify: Any) -> None:
    """`none` believes everybody."""
    assert status(provider(verify=verify), post({"Authorization": b"\xff"}, b"\xff")) == 200


@pytest.mark.parametrize(
    ("verify", "expected"),
    [
        ({"type": "bearer"}, {b"authorization"}),
        ({"type": "basic", "username": "u"}, {b"authorization"}),
        ({"type": "token", "header": "X-Token"}, {b"x-token"}),
        ({"type": "token", "json": "token"}, set()),
        ({"type": "hmac", "header": "X-Sig"}, set()),
        ({"type": "hmac", "header": "X-Sig", "signed": "{path}{body}"}, set()),
    ],
)
def test_proofs(verify: dict[str, Any], expected: set[bytes]) -> None:
    """What lets another pose as the sender stays here; a signature goes along, to verify at the target."""
    assert provider(verify=verify, secret="s").proofs == expected


def test_none_has_no_proofs() -> None:
    """Where nothing is asked, nothing is held back."""
    assert provider(verify="none").proofs == frozenset()
