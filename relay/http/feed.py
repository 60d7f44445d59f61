"""Feeds: RSS 2.0, RSS 1.0 and Atom as `{"entries": [{id, link, title, updated, published, summary}]}`.

Parsed by expat, which Python brings, element by element: no tree is built, nothing is ever fetched. A
document that declares an entity is refused; what HTML calls `&nbsp;` is known all the same, for feeds use it
without declaring it. Depth and the number of entries have limits, size is limited by who asks.
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from html.entities import html5
from typing import Any, Final
from urllib.parse import urljoin
from xml.parsers import expat

from relay.clock import micros, rfc3339
from relay.moment import moment

MAX_DEPTH: Final = 100
MAX_ENTRIES: Final = 50_000
KEYS: Final = ("id", "link", "title", "updated", "published", "summary")
"""Of an entry: each a text, or null."""
ATOM: Final = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS: Final = ("", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/")
DUBLIN: Final = "http://purl.org/dc/elements/1.1/"
CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
XML: Final = "http://www.w3.org/XML/1998/namespace"
_RSS_FIELDS: Final = {
    "guid": "id",
    "link": "link",
    "title": "title",
    "pubDate": "published",
    "description": "summary",
}
_ATOM_FIELDS: Final = {
    "id": "id",
    "title": "title",
    "updated": "updated",
    "modified": "updated",
    "published": "published",
    "issued": "published",
    "summary": "summary",
    "content": "content",
}
FIELDS: Final[Mapping[str, str]] = (
    {f"{space} {name}".strip(): key for space in RSS for name, key in _RSS_FIELDS.items()}
    | {f"{space} {name}": key for space in ATOM for name, key in _ATOM_FIELDS.items()}
    | {f"{DUBLIN} date": "date", f"{CONTENT} encoded": "content"}
)
"""Elements of an entry, by namespace and name, and what they are."""
ENTRIES: Final = frozenset({f"{space} item".strip() for space in RSS} | {f"{space} entry" for space in ATOM})
ROOTS: Final = frozenset({"rss", f"{RDF} RDF"} | {f"{space} feed" for space in ATOM})
LINKS: Final = frozenset(f"{space} link" for space in ATOM)


class BadFeed(Exception):
    """The document is no feed: why."""


def read_feed(body: bytes) -> dict[str, Any]:
    """The feed of an XML document, in the encoding that it names. BadFeed where it is none."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BadFeed(f"no XML: {expat.ErrorString(error.code)}, line {error.lineno}") from None
    except (LookupError, ValueError):
        raise BadFeed("it names an encoding that is not known") from None
    return {"entries": reader.entries}


class _Reader:
    """What expat calls: one entry at a time is under way."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str | None]] = []
        self._bases: list[str] = [""]
        """The base of relative links, for each open element (xml:base)."""
        self._fields: dict[str, str] | None = None
        """Of the entry that is open."""
        self._entry_depth = 0
        self._field = ""
        self._field_depth = 0
        self._text: list[str] = []
        self.parser = self._parser()

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        # else an entity that is not declared would be an error, not a call
        parser.UseForeignDTD(True)
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = None
        parser.SkippedEntityHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self._bases)
        if depth > MAX_DEPTH:
            raise BadFeed(f"nested deeper than {MAX_DEPTH} elements")
        if depth == 1 and name not in ROOTS:
            raise BadFeed("it is neither RSS nor Atom")
        base = attributes.get(f"{XML} base")
        self._bases.append(_joined(self._bases[-1], base) if base else self._bases[-1])
        if self._fields is None:
            if name in ENTRIES:
                self._open(depth, attributes)
        elif depth == self._entry_depth + 1:
            self._open_field(name, depth, attributes, self._fields)

    def _open(self, depth: int, attributes: dict[str, str]) -> None:
        if len(self.entries) == MAX_ENTRIES:
            raise BadFeed(f"more than {MAX_ENTRIES} entries")
        self._fields, self._entry_depth = {}, depth
        about = attributes.get(f"{RDF} about")
        if about:
            self._fields["id"] = about

    def _open_field(self, name: str, depth: int, attributes: dict[str, str], fields: dict[str, str]) -> None:
        if name in LINKS:
            if attributes.get("rel", "alternate") == "alternate" and "href" in attributes:
                fields.setdefault("link", _joined(self._bases[-1], attributes["href"]))
            return
        self._field, self._field_depth, self._text = FIELDS.get(name, ""), depth, []

    def _end(self, _name: str) -> None:
        self._bases.pop()
        depth = len(self._bases)
        if self._field and depth == self._field_depth and self._fields is not None:
            self._close_field(self._fields)
        elif self._fields is not None and depth == self._entry_depth:
            self.entries.append(_entry(self._fields))
            self._fields = None

    def _close_field(self, fields: dict[str, str]) -> None:
        text = "".join(self._text).strip()
        if text:
            fields.setdefault(self._field, _joined(self._bases[-1], text) if self._field == "link" else text)
        self._field, self._text = "", []

    def _characters(self, text: str) -> None:
        if self._field:
            self._text.append(text)

    def _entity(self, name: str, _parameter: bool) -> None:
        self._characters(html5.get(f"{name};", f"&{name};"))


def _refuse(*_declaration: object) -> None:
    raise BadFeed("it declares entities")


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _entry(fields: dict[str, str]) -> dict[str, str | None]:
    """What people call its id: the guid or id, else the link."""
    fields.setdefault("id", fields.get("link", ""))
    fields.setdefault("summary", fields.get("content", ""))
    date = fields.get("date", "")
    published = _time(fields.get("published", date))
    updated = _time(fields.get("updated", date)) or published
    times = {"published": published or updated, "updated": updated}
    return {key: times[key] if key in times else fields.get(key) or None for key in KEYS}


def _time(text: str) -> str | None:
    """RFC 3339, from that or from RFC 822; None for what is neither."""
    at = moment(text) if text[4:5] == "-" else _rfc822(text)
    return None if at is None else rfc3339(at)


def _rfc822(text: str) -> int | None:
    try:
        found = parsedate_to_datetime(text)
        return micros((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
