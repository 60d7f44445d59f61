"""Going out over HTTP: one session for all that does, set up so that nothing is changed on the way."""

from urllib.request import getproxies, proxy_bypass

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, ThreadedResolver
from yarl import URL

KEEPALIVE = 4.0
"""Seconds an idle connection is kept: less than servers do (5 s and more), so few end under a request."""


def open_session() -> ClientSession:
    """Limits are the callers' own matter; bodies are not inflated, cookies not kept, headers not added."""
    connector = TCPConnector(
        limit=0,
        keepalive_timeout=KEEPALIVE,
        resolver=ThreadedResolver(),  # aiodns would take over wherever it is installed
        ttl_dns_cache=10,
    )
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        requote_redirect_url=False,
    )


def proxy_for(url: URL) -> str | None:
    """The proxy that HTTPS_PROXY and NO_PROXY give an https URL; None: none."""
    if url.scheme != "https" or proxy_bypass(url.host or ""):
        return None
    return getproxies().get("https")
