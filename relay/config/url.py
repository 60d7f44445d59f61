"""Addresses in the file: the store's, the public one, a source's path. A target's is in `target_url`."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from relay.config import later
from relay.config.types import fault

HTTP: Final = frozenset({"http", "https"})
OWN_PATHS: Final = frozenset({"/livez", "/readyz", "/in/relay"})
_PATH: Final = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")


def http_parts(text: str) -> SplitResult | None:
    """The parts of an http(s) url; None where it is none."""
    if re.search(r"[\x00-\x20\x7f]", text):
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in HTTP and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return None
    return parts if usable else None


def public_address(text: str) -> str:
    """An http(s) url without query; a slash at its end is cut off, for paths are appended."""
    parts = http_parts(text)
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise fault("is no address for senders", 'such as "https://hooks.example.com"')
    return text.rstrip("/")


def store_url(text: str) -> str:
    """`sqlite:PATH`."""
    scheme, _, path = text.partition(":")
    if scheme in later.STORES:
        raise fault(f"a {scheme}: store {later.LATER}", later.STORE_HINT)
    if scheme != "sqlite" or not path or path == ":memory:" or "\0" in path or path.endswith("/"):
        raise fault("is no store", 'such as "sqlite:relay.db", "sqlite:/var/lib/relay/relay.db"')
    return text


def source_path(text: str) -> str:
    """The path of a source: nothing of a url but its path, and none of relay's own."""
    if not text.startswith("/"):
        raise fault("a path begins with /", f'path = "/{text}"' if _PATH.fullmatch(f"/{text}") else "")
    if not _PATH.fullmatch(text):
        raise fault("is no path of a url", "letters, digits and -._~!$&'()*+,;=:@%/, no query")
    if text in OWN_PATHS:
        raise fault(f"{text} is relay's own", "choose another")
    return text
