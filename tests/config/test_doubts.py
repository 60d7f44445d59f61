"""What a source's table says that proves less than it seems to."""

import pytest

from tests.config.conftest import Reads


@pytest.mark.parametrize(
    ("table", "path", "text"),
    [
        ('provider = "meta"\nsecret = { env = "S" }', "", "has no verify_token"),
        (
            'secret = { env = "S" }\nverify = { type = "hmac", header = "A", signed = "v0" }',
            ".verify.signed",
            "is the same for every request",
        ),
        (
            'secret = { env = "S" }\nverify = { type = "digest", header = "A", signed = "{secret}" }',
            ".verify.signed",
            "is the same for every request",
        ),
        (
            'secret = { env = "S" }\nverify = { type = "hmac", header = "A", timestamp = { header = "T" } }',
            ".verify.timestamp",
            "is not signed",
        ),
        ('verify = "none"\nid = \'headers["X-Id"]\'', ".id", "names of headers are in lower case here"),
    ],
)
def test_what_proves_less_than_it_seems(reads: Reads, table: str, path: str, text: str) -> None:
    """It loads, with a warning at its key."""
    route = '[target.t]\nurl = "log:"\n[route.r]\nfrom = "a"\nto = ["t"]'
    found = reads(
        f'[source.a]\nid = "body.id"\n{table}\n{route}'
        if "\nid" not in table and "provider" not in table
        else f"[source.a]\n{table}\n{route}",
        S="x",
    ).warnings
    assert [(each.path, text in each.text) for each in found] == [(f"source.a{path}", True)]


def test_a_short_memory_for_mailgun(reads: Reads) -> None:
    """Its signatures pass for a day: ids have to be remembered as long."""
    text = '[store]\ndedupe_window = "1h"\n[source.a]\nprovider = "mailgun"\nsecret = { env = "S" }'
    told = [warning.text for warning in reads(text, S="x").warnings]
    assert any("ids are forgotten before" in each for each in told)
