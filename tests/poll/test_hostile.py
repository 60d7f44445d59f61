"""Whatever an answer or an event holds, it can fail only in the way that is expected."""

import json
from typing import Any
from urllib.parse import unquote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.expression.environment import Environment
from relay.http.document import read_document, written
from relay.http.feed import BadFeed, read_feed
from relay.poll.state import PartState, load
from relay.template import Unfit, pieces, template

FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATH = template("/a/${x}/b", Environment({"x": "dyn"}))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | FINITE | st.text()
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
TAGS = """<rss> </rss> <item> </item> <feed xmlns="http://www.w3.org/2005/Atom"> <entry> <title>
  <!DOCTYPE rss [ <!ENTITY a "b"> ]> &a; &nbsp; <![CDATA[ ]]> <link href="::"/> \0 x"""
WORDS = st.sampled_from(TAGS.split())


@FEW
@given(st.text())
def test_text_names_one_segment_of_a_path(text: str) -> None:
    """Three segments, of which the middle one is the text, or none at all."""
    try:
        path = PATH.path({"x": text})
    except Unfit:
        assert text in {".", ".."}
        return
    _, first, middle, last = path.split("/")
    assert (first, unquote(middle), last) == ("a", text, "b")
    assert path.isascii()
    assert not set(path) & set("?#\\ \r\n")


@FEW
@given(DOCUMENTS)
def test_json_is_read_and_written_as_it_was(document: Any) -> None:
    """Whoever wrote it, and whatever numbers it holds."""
    text = json.dumps(document)
    found = read_document(text.encode(), "json")
    made = written(found.body if found.exact is None else found.exact)
    assert json.loads(made) == document
    assert found.body == document


@FEW
@given(st.binary())
def test_any_bytes_as_a_body(body: bytes) -> None:
    """A document, or none."""
    for kind in ("json", "feed", "text"):
        try:
            read_document(body, kind, "text/plain; charset=utf-16")
        except Unfit:
            continue


@FEW
@given(st.lists(WORDS).map("".join))
def test_any_tags_as_a_feed(text: str) -> None:
    """Entries, or no feed."""
    try:
        feed = read_feed(text.encode())
    except BadFeed:
        return
    assert all(
        set(entry) == {"id", "link", "title", "updated", "published", "summary"} for entry in feed["entries"]
    )


@FEW
@given(st.text(alphabet="${}'\"\\rx "))
def test_any_text_as_a_template(text: str) -> None:
    """Its pieces are all of it, or an expression does not end."""
    try:
        found = list(pieces(text))
    except ValueError:
        return
    rebuilt = "".join(literal + ("" if inner is None else f"${{{inner}}}") for literal, inner in found)
    assert rebuilt == text


@FEW
@given(st.text() | DOCUMENTS.map(json.dumps))
def test_any_document_as_a_state(document: str) -> None:
    """A state, be it that of a beginning."""
    assert isinstance(load(document), PartState)
