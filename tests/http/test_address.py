"""Which addresses an api may be asked at, and how they come out on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from relay.http.address import Reach, place_of, with_query, without_query

REACH = Reach("https://Api.example.com/v1/", ["files.example.com", "odd.example:8443", "[::1]:99"])


@pytest.mark.parametrize(
    ("at", "url"),
    [
        ("/events", "https://api.example.com/v1/events"),
        ("/", "https://api.example.com/v1/"),
        ("/a%252Fb%2f%41", "https://api.example.com/v1/a%252Fb%2f%41"),
        ("/a b/ü/100%?q=x y#part", "https://api.example.com/v1/a%20b/%C3%BC/100%25?q=x%20y"),
        ("/a%3Fb", "https://api.example.com/v1/a%3Fb"),
        ("//other.example/x", "https://api.example.com/v1//other.example/x"),
        ("/\udcff", "https://api.example.com/v1/%FF"),
        ("https://api.example.com/v2?page=%3a+b&x[]=1", "https://api.example.com/v2?page=%3a+b&x[]=1"),
        ("HTTPS://API.EXAMPLE.COM:443", "https://api.example.com/"),
        ("https://api.example.com?a=1", "https://api.example.com/?a=1"),
        ("https://files.example.com/x", "https://files.example.com/x"),
        ("https://odd.example:8443/x", "https://odd.example:8443/x"),
        ("https://[::1]:99/x", "https://[::1]:99/x"),
    ],
)
def test_what_is_allowed(at: str, url: str) -> None:
    """Paths below the url, and URLs of its place and its hosts: as they stand, made fit for the wire."""
    found = REACH.find(at)
    assert found is not None
    assert str(found) == url


@pytest.mark.parametrize(
    "at",
    [
        "",
        "events",
        "?page=2",
        "ftp://api.example.com/",
        "http://api.example.com/",
        "https://api.example.com:8443/",
        "https://files.example.com:444/",
        "http://files.example.com/",
        "https://odd.example/",
        "https://evil.example/",
        "https://api.example.com.evil.example/",
        "https://api.example.com@evil.example/",
        "https://evil.example\\@api.example.com/",
        "https://user:word@api.example.com/",
        "https://[::1",
        "https://:443/",
        "https://api.example.com:99999/",
        "https://",
    ],
)
def test_what_is_not(at: str) -> None:
    """Another scheme, host or port, a login, or no address at all."""
    assert REACH.find(at) is None


@given(st.text(max_size=80))
def test_nothing_raises_or_leads_away(text: str) -> None:
    """Whatever an answer calls the next page, it is one of the api's places or none."""
    for at in (text, f"/{text}", f"https://{text}", f"https://api.example.com{text}"):
        found = REACH.find(at)
        assert found is None or found.host in {"api.example.com", "files.example.com", "odd.example", "::1"}
    followed = REACH.follow(URL("https://api.example.com/v1/x"), text)
    assert followed is None or followed.host in {"api.example.com", "files.example.com", "odd.example", "::1"}


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/y?z=1", "https://api.example.com/v2/y?z=1"),
        ("y", "https://api.example.com/v1/y"),
        ("?page=2", "https://api.example.com/v1/x?page=2"),
        ("//files.example.com/y", "https://files.example.com/y"),
        ("https://files.example.com/y#z", "https://files.example.com/y"),
        ("http://api.example.com/v1/x", None),
        ("//evil.example", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
    ],
)
def test_where_a_redirect_leads(location: str, url: str | None) -> None:
    """Relative to where we are, within the same bounds."""
    found = REACH.follow(URL("https://api.example.com/v1/x?page=1"), location)
    assert (None if found is None else str(found)) == url


def test_a_plain_api_may_send_us_to_a_safe_host() -> None:
    """A host of the list by https, also where the url is http; never the other way round."""
    reach = Reach("http://api.example.com", ["files.example.com"])
    assert reach.find("https://files.example.com/x") is not None
    assert reach.find("http://files.example.com/x") is not None


def test_home() -> None:
    """Only the url's own place is home: its hosts are not."""
    assert REACH.home(URL("https://api.example.com:443/x"))
    assert not REACH.home(URL("https://files.example.com/x"))


def test_parameters() -> None:
    """They are added behind, encoded whole; others stay as they stand; a name goes in all its spellings."""
    url = URL("https://a.example/x%2Fy?q=%3a&key=1&k%65y=2&b", encoded=True)
    assert str(without_query(url, ["key"])) == "https://a.example/x%2Fy?q=%3a&b"
    assert str(with_query(url, [("created[gte]", "1 +&"), ("\udcff", "ü")])) == (
        "https://a.example/x%2Fy?q=%3a&key=1&k%65y=2&b&created%5Bgte%5D=1%20%2B%26&%FF=%C3%BC"
    )


def test_a_place_for_a_message() -> None:
    """Scheme, host and port, and nothing that may be secret."""
    assert place_of("https://user:word@evil.example:8/path?key=1") == "https://evil.example:8"
    assert place_of("/path") == ""
