"""Attributes of CloudEvents as headers."""

from hypothesis import given
from hypothesis import strategies as st

from relay.attribute import decoded, encoded


@given(st.text())
def test_encoding(text: str) -> None:
    """An attribute's header is printable ASCII without a space, and says the same."""
    value = encoded(text)
    assert all("\x21" <= char <= "\x7e" and char != '"' for char in value)
    assert decoded(value.encode()) == text


def test_quoted() -> None:
    """Some senders quote a value: it is unquoted before it is decoded, and decoded once only."""
    assert decoded(rb'"a \"b\" c%2525"') == 'a "b" c%25'
    assert [decoded(b'"'), decoded(b'"a')] == ['"', '"a']
