"""The words of `auth`: what loads, and that nothing secret is shown where it does not."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from relay.config.auth import TYPES, Auth, BasicAuth, OAuth2Auth, is_http, revealed
from relay.config.secret import Secret
from relay.config.table import Table
from relay.config.types import Place

ENVIRON = {"TOKEN": "hush-1", "LINES": "hush-1\nX-Evil: 1"}
SECRET = {"env": "TOKEN"}
OAUTH2 = {"type": "oauth2", "token_url": "https://login.example.com/token", "client_secret": SECRET}


class Proof(Table):
    """A table with `auth` in it."""

    auth: Annotated[Auth, Field(discriminator="type")]


def read(words: dict[str, Any], *, checking: bool = False) -> Any:
    place = Place(Path(), environ=ENVIRON, checking=checking)
    return Proof.model_validate({"auth": words}, context=place).auth


def faults(words: dict[str, Any]) -> str:
    """What is wrong with it, as text; nothing of it is secret."""
    with pytest.raises(ValidationError) as caught:
        read(words)
    assert "hush" not in f"{caught.value} {caught.value!r}"
    told = (error["msg"] for error in caught.value.errors(include_url=False, include_input=False))
    return " | ".join(told)


@pytest.mark.parametrize(
    "words",
    [
        {"type": "bearer", "token": SECRET},
        {"type": "basic", "user": "ann", "password": SECRET},
        {"type": "basic", "user": SECRET, "password": SECRET},
        {"type": "header", "name": "X-Api-Key", "value": SECRET},
        {"type": "query", "name": "api_key", "value": SECRET},
        {**OAUTH2, "client_id": "me"},
        {**OAUTH2, "client_id": SECRET, "token_url": "https://login.example.com/token?x=1"},
    ],
)
def test_what_loads(words: dict[str, Any]) -> None:
    """Each kind with its keys; whatever a secret gave is nowhere shown."""
    auth = read(words)
    assert auth.type == words["type"]
    assert "hush" not in f"{auth!r} {auth} {auth.model_dump()} {auth.model_dump_json()}"


def test_types() -> None:
    """The list for messages is the list of what there is."""
    assert [table.model_fields["type"].default for table in Auth.__args__] == list(TYPES)


def test_a_form_of_words_and_secrets() -> None:
    """Plain text where it is no secret, and nothing of a secret's own kind is lost."""
    form = {"grant_type": "account_credentials", "account_id": SECRET}
    auth = read({**OAUTH2, "client_id": "me", "form": form})
    assert isinstance(auth, OAuth2Auth)
    assert auth.send == "basic"
    assert auth.form == {"grant_type": "account_credentials", "account_id": Secret("hush-1")}
    assert [revealed(word) for word in auth.form.values()] == ["account_credentials", "hush-1"]


def test_a_plain_user_is_no_plain_secret() -> None:
    """A user's name in the file is nothing to warn of."""
    auth = read({"type": "basic", "user": "ann", "password": "plain"})
    assert isinstance(auth, BasicAuth)
    assert auth.user == "ann"
    assert auth.password.plain


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"type": "bearer", "token": {"env": "LINES"}}, "cannot stand in a header"),
        ({"type": "header", "name": "X-A", "value": {"env": "LINES"}}, "cannot stand in a header"),
        ({"type": "header", "name": "X A", "value": SECRET}, '"X A" is no name of a header'),
        ({"type": "header", "name": "host", "value": SECRET}, '"host" cannot be set'),
        ({"type": "bearer", "token": 5}, "is no secret"),
        ({"type": "basic", "user": 5, "password": SECRET}, "is no text"),
        ({"type": "query", "name": "", "value": SECRET}, "String should have at least 1 character"),
        ({**OAUTH2, "client_id": "me", "token_url": "login.example.com"}, "is no http url"),
        ({**OAUTH2, "client_id": "me", "token_url": "https://me:hush@login.example.com"}, "holds a login"),
        ({**OAUTH2, "client_id": "me", "form": {"a": 1}}, "is no text"),
    ],
)  # fmt: skip
def test_what_does_not(words: dict[str, Any], told: str) -> None:
    """What could not be sent, or would break a header in two, is told when the file is read."""
    assert faults(words) == told


def test_a_credential_that_is_not_there_yet() -> None:
    """`relay check` goes on without it, a token's url included."""
    auth = read({**OAUTH2, "client_id": "me", "token_url": {"credential": "url"}}, checking=True)
    assert isinstance(auth.token_url, Secret)
    assert auth.token_url.missing


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("https://a.example", True),
        ("HTTP://a.example:8080/x?y#z", True),
        ("http://[::1]:80/", True),
        ("http://127.0.0.1", True),
        ("https://a.example:0", False),
        ("https://a.example:65536", False),
        ("https://a.example:", False),
        ("https://[::1", False),
        ("https://[1.2.3.4]/", False),
        ("https://bücher.example", False),
        ("https://a example/", False),
        ("https://a.example/a b", False),
        ("https://a.example\n", False),
        ("https://a@b.example/", False),
        ("https:///x", False),
        ("ftp://a.example", False),
        ("", False),
    ],
)
def test_urls(text: str, usable: bool) -> None:
    """A scheme of two, with a host that needs no guessing."""
    assert is_http(text) is usable
