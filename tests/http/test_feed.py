"""Feeds as they are found: three formats, one shape, and nothing that a hostile one could do."""

from typing import Any

import pytest

from relay.http.feed import MAX_DEPTH, BadFeed, read_feed

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Ours</title><link>https://n.example/</link>
  <atom:link href="https://n.example/rss" rel="self"/>
  <item><title>A &amp; B</title><link> https://n.example/1 </link><guid isPermaLink="false">n-1</guid>
    <pubDate>Mon, 21 Sep 2026 16:13:20 +0200</pubDate><description>&lt;b&gt;one&lt;/b&gt;</description></item>
  <item><title><![CDATA[two < three]]></title><link>https://n.example/2</link>
    <content:encoded>whole</content:encoded><pubDate>once upon a time</pubDate></item>
</channel></rss>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/blog/"><title>Ours</title><id>urn:feed</id>
 <entry><id>urn:1</id>
  <title type="xhtml"><p xmlns="http://www.w3.org/1999/xhtml">An <i>old</i> one</p></title>
    <link rel="edit" href="/edit/1"/><link href="posts/1"/><updated>2026-09-21T16:13:20.5+02:00</updated>
    <published>2026-09-20T00:00:00Z</published><author><id>urn:author</id></author><content>text</content></entry>
</feed>"""
RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://r.example/"><title>Ours</title></channel>
  <item rdf:about="https://r.example/1"><title>One</title><link>https://r.example/1?from=rss</link>
    <dc:date>2026-09-21T14:13:20Z</dc:date></item></rdf:RDF>"""


def entry(*values: str | None) -> dict[str, Any]:
    return dict(zip(("id", "link", "title", "updated", "published", "summary"), values, strict=True))


WHEN = "2026-09-21T14:13:20.000000Z"


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (
            RSS,
            [
                entry("n-1", "https://n.example/1", "A & B", WHEN, WHEN, "<b>one</b>"),
                entry("https://n.example/2", "https://n.example/2", "two < three", None, None, "whole"),
            ],
        ),
        (
            ATOM,
            [
                entry(
                    "urn:1",
                    "https://a.example/blog/posts/1",
                    "An old one",
                    "2026-09-21T14:13:20.500000Z",
                    "2026-09-20T00:00:00.000000Z",
                    "text",
                )
            ],
        ),
        (RDF, [entry("https://r.example/1", "https://r.example/1?from=rss", "One", WHEN, WHEN, None)]),
    ],
    ids=["RSS 2.0", "Atom", "RSS 1.0"],
)
def test_three_formats_one_shape(text: str, entries: list[Any]) -> None:
    """The entry's own id, else its link; times as RFC 3339; what is not there is null."""
    assert read_feed(text.encode()) == {"entries": entries}


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "utf-8-sig"])
def test_encodings(encoding: str) -> None:
    """The one that the document names, or its mark."""
    named = "iso-8859-1" if encoding == "iso-8859-1" else encoding.removesuffix("-sig")
    text = (
        f'<?xml version="1.0" encoding="{named}"?><rss><channel><item><title>ü</title></item></channel></rss>'
    )
    assert read_feed(text.encode(encoding))["entries"][0]["title"] == "ü"


def test_what_html_calls_its_characters() -> None:
    """Feeds write `&nbsp;` without declaring it; it is known."""
    text = b"<rss><channel><item><title>a&nbsp;b&eacute;&nope;</title></item></channel></rss>"
    assert read_feed(text)["entries"][0]["title"] == "a\xa0bé&nope;"


def test_an_empty_feed() -> None:
    """No entries is a feed, too."""
    assert read_feed(b"<rss/>") == {"entries": []}


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
HOSTILE = {
    "a billion laughs": f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]><rss>&l12;</rss>',
    "a file": '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss>&f;</rss>',
    "a parameter entity": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://x.invalid/"> %p;]><rss/>',
    "depth": "<rss>" + "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH + "</rss>",
    "a page": "<html><body>down</body></html>",
    "nothing": "",
    "half": "<rss><channel>",
    "an encoding": '<?xml version="1.0" encoding="klingon"?><rss/>',
    "an ampersand": "<rss><channel><item><title>a & b</title></item></channel></rss>",
    "json": '{"entries": []}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_feed(name: str) -> None:
    """It is refused, in time and in words."""
    with pytest.raises(BadFeed) as caught:
        read_feed(HOSTILE[name].encode())
    assert "passwd" not in str(caught.value)


def test_a_foreign_doctype_is_not_fetched() -> None:
    """Old feeds name a DTD on the net: it stays there."""
    doctype = b'<!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://n.invalid/rss-0.91.dtd">'
    assert read_feed(doctype + b"<rss><channel><item><title>x</title></item></channel></rss>")["entries"]
