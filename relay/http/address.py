"""Where an api may be asked: below its url, and where its own answers point within its hosts."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote_plus, urljoin

from yarl import URL

from relay.text import wire

AS_IT_STANDS: Final = "%:/?#[]@!$&'()*+,;=-._~"
"""What a URL may hold; all else is percent-encoded, and nothing is decoded: a page's URL is its api's."""
_ABSOLUTE: Final = re.compile(r"(https?://[^/?#]*)([^?#]*)(?:\?([^#]*))?", re.IGNORECASE)
_PLACE: Final = re.compile(r"((?:[a-z][a-z0-9+.-]*:)?//)([^/?#]*)", re.IGNORECASE)
_LONE: Final = re.compile("%(?![0-9A-Fa-f]{2})")


class Reach:
    """Which addresses are an api's own. `hosts`: `HOST` or `HOST:PORT`, in lower case."""

    def __init__(self, url: str, hosts: Iterable[str] = ()) -> None:
        base = URL(url)
        self._origin = base.origin()
        found = _ABSOLUTE.match(url)
        self._path = _encoded(found[2]).rstrip("/") if found else ""
        self._hosts = {
            (named.host, named.explicit_port) for named in (URL(f"https://{host}") for host in hosts)
        }

    def find(self, at: str) -> URL | None:
        """The address of a path, or of an absolute URL; None where it is neither, or not allowed."""
        if at.startswith("/"):
            path, mark, query = at.partition("#")[0].partition("?")
            return _address(self._origin, f"{self._path}{_encoded(path)}", _encoded(mark + query)[1:])
        found = _ABSOLUTE.match(at)
        if found is None:
            return None
        try:
            named = URL(found[1])
        except ValueError:
            return None
        if not self._allows(named):
            return None
        return _address(named.origin(), _encoded(found[2]) or "/", _encoded(found[3] or ""))

    def follow(self, url: URL, location: str) -> URL | None:
        """Where a redirect from `url` goes; None where that is not allowed."""
        try:
            return self.find(urljoin(str(url), _encoded(location.strip())))
        except ValueError:
            return None

    def home(self, url: URL) -> bool:
        """Whether it is of the api's own scheme, host and port, not only of its `hosts`."""
        return _place(url) == _place(self._origin)

    def _allows(self, url: URL) -> bool:
        if url.user is not None or url.password is not None or not url.host:
            return False
        if url.scheme not in {self._origin.scheme, "https"}:
            return False
        usual = None if url.is_default_port() else url.port
        return self.home(url) or {(url.host, usual), (url.host, url.port)} & self._hosts != set()


def as_written(url: str) -> URL:
    """An absolute URL without its login, nothing of it decoded. ValueError if it is none."""
    found = _ABSOLUTE.match(url)
    if found is None:
        raise ValueError(f"no absolute URL: {url!r}")
    return _address(URL(found[1]).origin(), _encoded(found[2]) or "/", _encoded(found[3] or ""))


def place_of(at: str) -> str:
    """The scheme, host and port that a URL names, for a message; nothing of it else."""
    found = _PLACE.match(at)
    return f"{found[1]}{found[2].rpartition('@')[2]}" if found else ""


def with_query(url: URL, pairs: Iterable[tuple[str, str]]) -> URL:
    """`url` with these parameters at its end."""
    added = [f"{quote(wire(name), safe='')}={quote(wire(value), safe='')}" for name, value in pairs]
    return _address(url.origin(), url.raw_path, "&".join([*filter(None, [url.raw_query_string]), *added]))


def without_query(url: URL, names: Iterable[str]) -> URL:
    """`url` without the parameters of these names; the rest as it stands."""
    gone = set(names)
    kept = [one for one in url.raw_query_string.split("&") if unquote_plus(one.partition("=")[0]) not in gone]
    return _address(url.origin(), url.raw_path, "&".join(kept)) if gone else url


def _place(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _encoded(text: str) -> str:
    return _LONE.sub("%25", quote(wire(text), safe=AS_IT_STANDS))


def _address(origin: URL, path: str, query: str) -> URL:
    return URL(f"{origin}{path}?{query}" if query else f"{origin}{path}", encoded=True)
