"""Alertmanager: a bearer token or a password; no id."""

import base64

import pytest

from tests.receive.providers.posting import identity, post, provider, status

SOURCE = provider(provider="alertmanager", secret="of-the-tests")
BODY = b'{"version":"4","status":"firing","alerts":[]}'


def basic(pair: bytes) -> str:
    return f"Basic {base64.b64encode(pair).decode()}"


@pytest.mark.parametrize(
    ("authorization", "answer"),
    [
        ("Bearer of-the-tests", 200),
        (basic(b"alertmanager:of-the-tests"), 200),
        (basic(b":of-the-tests"), 200),
        (basic("Zoë:of-the-tests".encode()).replace("Basic", "bAsIc"), 200),
        (basic(b"of-the-tests"), 401),
        (basic(b"of-the-tests:"), 401),
        (basic(b"alertmanager:of-the-tests:"), 401),
        (basic(b"alertmanager:of-another"), 401),
        ("Basic of-the-tests", 401),
        ("Basic", 401),
        ("Digest of-the-tests", 401),
        (b"Basic \xff\xfe", 401),
    ],
)
def test_the_secret_is_a_token_or_a_password(authorization: str | bytes, answer: int) -> None:
    """Whoever the user is; never the user's name, and not in another scheme."""
    assert status(SOURCE, post({"Authorization": authorization}, BODY)) == answer


def test_the_authorization_goes_no_further() -> None:
    """Who has it can pose as the sender."""
    assert SOURCE.proofs == {b"authorization"}


def test_an_alert_has_no_key() -> None:
    """Alertmanager repeats equal bodies on purpose: none is a duplicate."""
    named = identity(SOURCE, post({"Authorization": "Bearer of-the-tests"}, BODY))
    assert (named.key, named.also, named.type) == (None, (), "firing")
