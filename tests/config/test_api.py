"""`[api.NAME]`: its keys, their defaults, and what does not load."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relay.config.api import ApiConfig
from relay.config.secret import Secret
from relay.config.types import Place

ENVIRON = {
    "TOKEN": "hush-1",
    "LINES": "hush-1\nX-Evil: 1",
    "URL": "https://api.example.com/hush-1",
    "QUERY": "https://api.example.com/?key=hush-1",
    "LOGIN": "https://me:hush-1@api.example.com/",
}
BASE = {"url": "https://api.example.com/v1"}


def read(words: dict[str, Any], *, checking: bool = False) -> ApiConfig:
    place = Place(Path(), environ=ENVIRON, checking=checking)
    return ApiConfig.model_validate(words, context=place, by_alias=True, by_name=False)


def test_defaults() -> None:
    """A url is enough: no rate, four at once."""
    api = read(BASE)
    assert (api.address, api.auth, api.rate, api.burst, api.at_once) == (BASE["url"], None, None, None, 4)
    assert (api.headers, api.hosts, api.check, api.wait) == ({}, (), None, None)


def test_all_of_it() -> None:
    """Every key, as the file writes it."""
    api = read(
        {
            "url": {"env": "URL"},
            "headers": {"Accept": "application/vnd.example+json", "X-Key": {"env": "TOKEN"}},
            "hosts": ["Files.example.com", "odd.example:8443", "[::1]:99"],
            "auth": {"type": "bearer", "token": {"env": "TOKEN"}},
            "rate": "4000/h",
            "burst": 40,
            "at_once": 1,
            "check": "null",
            "wait": 'duration("1s")',
        }
    )
    assert api.address == ENVIRON["URL"]
    assert api.hosts == ("files.example.com", "odd.example:8443", "[::1]:99")
    assert api.rate == pytest.approx(4000 / 3600)
    assert "hush" not in f"{api!r} {api} {api.model_dump()} {api.model_dump_json()}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "Field required"),
        ({"url": "api.example.com"}, "is no http url"),
        ({"url": "https://bücher.example"}, "is no http url"),
        ({"url": "https://api.example.com/?a=1"}, "is no url that a path can be appended to"),
        ({"url": {"env": "QUERY"}}, "is no url that a path can be appended to"),
        ({"url": {"env": "LOGIN"}}, "holds a login"),
        ({"url": "https://me:hush-1@api.example.com/"}, "holds a login"),
        ({"url": 5}, "is no text"),
        ({**BASE, "headers": {"Host": "a"}}, '"Host" cannot be set'),
        ({**BASE, "headers": {"transfer-encoding": "a"}}, '"transfer-encoding" cannot be set'),
        ({**BASE, "headers": {"A B": "a"}}, '"A B" is no name of a header'),
        ({**BASE, "headers": {"A": {"env": "LINES"}}}, "cannot stand in a header"),
        ({**BASE, "headers": {"A": 1}}, "is no text"),
        ({**BASE, "hosts": ["https://a.example"]}, '"https://a.example" is no host'),
        ({**BASE, "hosts": ["a.example/x"]}, '"a.example/x" is no host'),
        ({**BASE, "hosts": ["*.example"]}, '"*.example" is no host'),
        ({**BASE, "rate": "0/s"}, "a rate of nothing would never deliver"),
        ({**BASE, "burst": 0}, "Input should be greater than or equal to 1"),
        ({**BASE, "at_once": 0}, "Input should be greater than or equal to 1"),
        ({**BASE, "tokens": 1}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_load(words: dict[str, Any], told: str) -> None:
    """Told when the file is read, without anything secret."""
    with pytest.raises(ValidationError) as caught:
        read(words)
    assert "hush" not in f"{caught.value} {caught.value!r}"
    errors = caught.value.errors(include_url=False, include_input=False)
    assert [error["msg"] for error in errors] == [told]


def test_a_credential_that_is_not_there_yet() -> None:
    """`relay check` goes on without the url."""
    api = read({"url": {"credential": "url"}}, checking=True)
    assert isinstance(api.url, Secret)
    assert api.url.missing
