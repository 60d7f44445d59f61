"""A request before it goes out: nothing of it is printed, and what leads astray takes little along."""

import pytest
from multidict import CIMultiDict
from yarl import URL

from relay.http.ask import Ask, Form
from relay.http.request import HARMLESS, Unfit, build, elsewhere

URL_ = URL("https://api.example.com/v1/x")


def test_a_form_of_any_bytes() -> None:
    """What a sender's bytes were goes out as they were."""
    request = build(Ask("/x", content=Form((("a", "\udcff"),))), URL_, {})
    assert request.body == b"a=%FF"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "\x7f", "\ud800"])
def test_no_header_becomes_two(value: str) -> None:
    """Control characters, and what is no text, are no part of a header."""
    for pair in (("X-A", value), (f"X{value}", "a")):
        with pytest.raises(Unfit):
            build(Ask("/x", headers=(pair,)), URL_, {})


def test_once_astray_always_astray() -> None:
    """Neither home nor another host gets back what was left behind."""
    request = build(Ask("/x", headers=(("Authorization", "a"), ("Accept", "b"))), URL_, {})
    home = elsewhere(request, URL_, home=True)
    assert home.headers["Authorization"] == "a"
    away = elsewhere(request, URL("https://files.example.com/"), home=False)
    back = elsewhere(away, URL_, home=True)
    assert away.astray
    assert back.astray
    for gone in (away, back):
        assert {name.lower() for name in gone.headers} <= HARMLESS
        assert gone.headers["Accept"] == "b"


def test_nothing_is_printed() -> None:
    """Headers, address and body may all be secret."""
    request = build(Ask("/x", content=b"hush", headers=(("A", "hush"),)), URL("https://a.example/hush"), {})
    assert "hush" not in repr(request)
    assert isinstance(request.headers, CIMultiDict)
