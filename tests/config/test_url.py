"""Addresses: what senders see, where events are kept, where a source listens."""

import pytest

from tests.config.conftest import Reads, Tells


@pytest.mark.parametrize(
    ("written", "kept"), [("https://a.example/", "https://a.example"), ("http://a/b", "http://a/b")]
)
def test_what_senders_see(reads: Reads, written: str, kept: str) -> None:
    """Paths are appended to public_url, so a slash at its end is one too many."""
    assert reads(f'[server]\npublic_url = "{written}"').config.server.public_url == kept


@pytest.mark.parametrize("url", ["a.example", "log:", "https://a/?q", "https://a/#f", "https://me@a/"])
def test_what_senders_do_not_see(tells: Tells, url: str) -> None:
    """Nothing may follow the path, for paths are appended."""
    assert tells(f'[server]\npublic_url = "{url}"') == [
        'F:2: server.public_url: is no address for senders (such as "https://hooks.example.com")'
    ]


@pytest.mark.parametrize(
    "url", ["sqlite:", "sqlite::memory:", "relay.db", "mysql://x", "sqlite:dir/", "sqlite:a\\u0000"]
)
def test_what_is_no_store(tells: Tells, url: str) -> None:
    """A store is a file on disk: anything else would lose what was acknowledged."""
    assert tells(f'[store]\nurl = "{url}"') == [
        'F:2: store.url: is no store (such as "sqlite:relay.db", "sqlite:/var/lib/relay/relay.db")'
    ]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_stores_that_come_later(tells: Tells, scheme: str) -> None:
    """PostgreSQL is no slip: this version does not have it."""
    assert tells(f'[store]\nurl = "{scheme}://u:p@h/db"') == [
        f'F:2: store.url: a {scheme}: store is not available in this version (url = "sqlite:relay.db")'
    ]


SOURCE = '[source.a]\nverify = "none"\nid = "digest"\npath = '


@pytest.mark.parametrize("path", ["/", "/hooks/a", "/a%20b/c.d;e=f", "/in/b"])
def test_where_a_source_listens(reads: Reads, path: str) -> None:
    """Any path of a url."""
    assert reads(f'{SOURCE}"{path}"').config.source["a"].path == path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("hooks", 'a path begins with / (path = "/hooks")'),
        ("", 'a path begins with / (path = "/")'),
        ("a b", "a path begins with /"),
        ("/a b", "is no path of a url (letters, digits and -._~!$&'()*+,;=:@%/, no query)"),
        ("/a?b", "is no path of a url (letters, digits and -._~!$&'()*+,;=:@%/, no query)"),
        ("/{a}", "is no path of a url (letters, digits and -._~!$&'()*+,;=:@%/, no query)"),
        ("/livez", "/livez is relay's own (choose another)"),
        ("/readyz", "/readyz is relay's own (choose another)"),
        ("/in/relay", "/in/relay is relay's own (choose another)"),
    ],
)
def test_where_no_source_listens(tells: Tells, path: str, told: str) -> None:
    """Nothing that no request could ask for, and nothing that relay answers itself."""
    assert tells(f'{SOURCE}"{path}"') == [f"F:4: source.a.path: {told}"]


def test_a_source_listens_under_its_name(reads: Reads) -> None:
    """Without a path of its own it is /in/NAME."""
    config = reads('[source.a]\nverify = "none"\nid = "digest"').config
    assert config.source["a"].path == "/in/a"
