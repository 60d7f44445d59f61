"""Where targets are: which urls are taken, and that no error shows any of one."""

import json
from pathlib import Path

import pytest

from relay.config.secret import Secret
from relay.config.target import TargetConfig
from relay.config.target_url import ANY, EXAMPLES, KINDS
from tests.config.conftest import Reads, Tells

PLACES = {
    "nats": 'subject = "a"',
    "amqp": 'routing_key = "a"',
    "kafka": 'topic = "a"',
    "redis": 'stream = "a"',
}
"""What a target of each kind must have besides."""


def table(url: str) -> str:
    """A target at that url, as TOML."""
    kind = KINDS.get(url.partition(":")[0].lower(), "")
    return f"[target.a]\nurl = {json.dumps(url)}\n{PLACES.get(kind, '')}"


def address(reads: Reads, url: str) -> str:
    return reads(table(url)).config.target["a"].address


@pytest.mark.parametrize(
    "url",
    [
        "log:",
        "http://localhost:9000/x",
        "https://example.com",
        "https://[::1]:8443/a?b=c",
        "HTTPS://example.com/",
        "nats://localhost",
        "nats://localhost:4222/",
        "tls://nats.example.com:4222",
        "amqp://rabbit",
        "amqp://rabbit:5672/",
        "amqps://rabbit_1.internal:5671/orders",
        "amqp://rabbit/a%2Fb",
        "kafka://one:9092",
        "kafka://one:9092,two,[::1]:9094",
        "redis://localhost:6379",
        "redis://localhost/15",
        "rediss://[fe80::1]:6380/0",
        "exec:/usr/bin/tee",
        "exec:/opt/my programs/50%",
        "file:/var/log/events.jsonl",
    ],
)
def test_where_targets_are(reads: Reads, url: str) -> None:
    """As text they stay readable, and as they were written."""
    assert reads(table(url)).config.target["a"].url == url


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [("HTTPS", "http"), ("nats", "nats"), ("TLS", "nats"), ("amqps", "amqp"), ("Rediss", "redis")],
)
def test_what_a_target_is(reads: Reads, scheme: str, kind: str) -> None:
    """Kind and scheme go by the url, in whatever case that is written."""
    target = reads(table(f"{scheme}://host")).config.target["a"]
    assert (target.kind, target.scheme) == (kind, scheme.lower())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("file:events.jsonl", "file:DIR/events.jsonl"),
        ("file:./out/events.jsonl", "file:DIR/out/events.jsonl"),
        ("exec:../bin/take", "exec:DIR/../bin/take"),
        ("FILE:///var/log/events.jsonl", "file:/var/log/events.jsonl"),
        ("Exec:/bin/cat", "exec:/bin/cat"),
    ],
)
def test_paths_are_beside_the_file(reads: Reads, tmp_path: Path, written: str, read: str) -> None:
    """Relative ones do not depend on where relay was started; three slashes are as good as one."""
    assert address(reads, written) == read.replace("DIR", str(tmp_path))


def test_a_path_in_a_secret_is_beside_the_file(reads: Reads, tmp_path: Path) -> None:
    """Wherever the url is read from."""
    config = reads('[target.a]\nurl = { env = "U" }', U="file:events.jsonl").config
    assert config.target["a"].address == f"file:{tmp_path}/events.jsonl"


def test_code_may_give_a_path() -> None:
    """Without a file it is relative to where the process is, and absolute all the same."""
    assert TargetConfig.model_validate({"url": "file:a"}).address == f"file:{Path().absolute()}/a"


NO_TARGETS = [
    "",
    "log",
    "nats",
    "example.com",
    "ftp://example.com",
    "mailto:a@b",
    "://x",
    ":",
    "localhost:80",
]


@pytest.mark.parametrize("url", NO_TARGETS)
def test_where_no_target_is(tells: Tells, url: str) -> None:
    """A scheme that is none is told with those that there are."""
    assert tells(table(url)) == [f"F:2: target.a.url: is no address of a target ({ANY})"]


SLIPS = ["log:x", "https://", "https:///x", "http://a:x", "http://a:99999", "http://a b", "http://[::1"]
SLIPS += ["http://a/\n", "http://:80", "nats:", "nats:host", "nats://", "nats://:4222", "nats://a:0"]
SLIPS += [
    "nats://a:70000",
    "tls://a?x=1",
    "amqp://a#f",
    "amqps://a b",
    "kafka://a,",
    "kafka://,a",
    "redis://[x]",
]
SLIPS += ["rediss://[1.2.3.4]", "redis://a:", "redis:///0", "kafka://a:9092;b:9092"]


@pytest.mark.parametrize("url", SLIPS)
def test_a_slip_in_a_url(tells: Tells, url: str) -> None:
    """It is told before anything is sent there, without the url: it may be a secret."""
    example = EXAMPLES[url.partition(":")[0]]
    assert tells(table(url)) == [f"F:2: target.a.url: is no address of a target ({example})"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nats://a,b:4222", "names several hosts (it takes one: nats://HOST:4222)"),
        ("redis://a,b", "names several hosts (it takes one: redis://HOST:6379/DB)"),
        ("nats://a/orders", "takes no path (subject says where a message goes)"),
        ("kafka://a/orders", "takes no path (topic says where a message goes)"),
        ("amqp://a/b/c", "the path of its url is one vhost (a / in its name stands as %2F)"),
        ("redis://a/b", "the path of its url is the number of a database (redis://HOST:6379/DB)"),
        ("rediss://a/0/", "the path of its url is the number of a database (redis://HOST:6379/DB)"),
        (
            "amqp://me:p@ss@a",
            (
                "is no address of a target (amqp://HOST:5672/VHOST;"
                " in a login all but letters and digits is percent-encoded)"
            ),
        ),
        ("exec:", "names no program (exec:/PATH/OF/PROGRAM)"),
        ("exec:/", "names no program (exec:/PATH/OF/PROGRAM)"),
        ("exec://host/bin/cat", "names a host (of this machine: exec:/PATH/OF/PROGRAM)"),
        ("file:", "names no file (file:/PATH/events.jsonl)"),
        ("file:/var/log/", "names no file (file:/PATH/events.jsonl)"),
        ("file:/var/..", "names no file (file:/PATH/events.jsonl)"),
        ("file:a\u0000", "names no file (file:/PATH/events.jsonl)"),
        ("file://events.jsonl", "names a host (of this machine: file:/PATH/events.jsonl)"),
    ],
)
def test_what_each_kind_of_url_holds(tells: Tells, url: str, told: str) -> None:
    """Hosts, paths and logins as that kind has them."""
    assert tells(table(url)) == [f"F:2: target.a.url: {told}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@example.com/",
        "nats://token@localhost",
        "tls://me:pw@localhost:4222",
        "amqp://me:p%40w@localhost/orders",
        "kafka://me:pw@one:9092,two:9092",
        "rediss://:pw@localhost/0",
    ],
)
def test_a_url_with_a_login_is_a_secret(reads: Reads, url: str) -> None:
    """It is masked, told of as any secret in plain text, and revealed as it was written."""
    loaded = reads(f"{table(url)}\n[route.r]\nfrom = ['*']\nto = ['a']")
    assert isinstance(loaded.config.target["a"].url, Secret)
    assert loaded.config.target["a"].address == url
    assert [warning.path for warning in loaded.warnings] == ["target.a.url", "route.r.from"]


@pytest.mark.parametrize(
    "url",
    [
        "nats://hush-1@a b",
        "redis://a/hush-1",
        "amqp://a/hush-1/x",
        "kafka://hush-1:x:y@/",
        "exec:hush-1/",
        "file://hush-1",
        "hush-1://x",
    ],
)
def test_no_error_shows_a_url(tells: Tells, url: str) -> None:
    """Whatever is wrong with it, it may hold a password."""
    told = tells('[target.a]\nurl = { env = "U" }', U=url)
    assert "hush" not in "\n".join(told)
    assert told[0].startswith("F:2: target.a.url: ")


def test_a_url_is_text(tells: Tells) -> None:
    """A number is no url, and the hint says what is."""
    assert tells("[target.a]\nurl = 5")[0].startswith("F:2: target.a.url: is no url (a text, or { env")
