"""Loading a file: what is wrong with it as it is printed, all of it at once, and nothing but that."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config.load import config_file, load, store_path
from relay.errors import ConfigError, Problem
from tests.config.conftest import Reads, Tells

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_an_empty_file_is_the_defaults(reads: Reads) -> None:
    """Nothing is required; what stands in no file is as the contract says."""
    config = reads("").config
    assert (str(config.server.listen), str(config.admin.listen)) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert (config.server.max_body, config.server.max_inflight) == (10 << 20, 128 << 20)
    assert (config.server.body_timeout, config.server.ack_timeout, config.server.drain) == (10.0, 1.0, 8.0)
    assert (config.server.public_url, config.server.trusted_proxies, config.admin.token) == (None, (), None)
    assert (config.store.url, config.store.min_free) == ("sqlite:relay.db", 64 << 20)
    assert (config.store.keep, config.store.keep_dead, config.store.dedupe_window) == (
        604800,
        2592000,
        604800,
    )
    assert (config.log.level, config.log.format) == ("info", "auto")
    assert (config.health.oldest_pending, config.health.dead, config.health.free_disk) == (900.0, 1, 1 << 30)


def test_a_target_has_the_contracts_defaults(reads: Reads) -> None:
    """A target with nothing but a url."""
    target = reads('[target.a]\nurl = "log:"').config.target["a"]
    assert (target.timeout, target.connect_timeout, target.concurrency, target.rate) == (30.0, 5.0, 16, None)
    assert list(target.retry.schedule) == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert (target.retry.jitter, target.retry.max_age, target.format) == (0.2, 76 * 3600, "raw")


def test_every_problem_is_told_at_once(tells: Tells) -> None:
    """One run tells all: values, keys, tables, secrets, and names between tables."""
    told = tells(
        """[server]
listen = "8080"
max_body = "10 MB"
bdy_timeout = "10s"
[source.github]
provider = "githb"
expect_every = "1 hour"
[source.erp]
verify = { type = "hmac", header = "X-Sig", encodng = "hex" }
secret = { env = "NOT_SET" }
[source.open]
[target.billing]
url = "nats://broker"
concurrency = 0
retry.schedule = ["5s", "5x"]
[route.paid]
from = ["github", "nobody"]
to = ["biling"]
when = true
"""
    )
    assert told == [
        (
            'F:2: server.listen: "8080" is no place to listen'
            ' (such as "127.0.0.1:8080", "[::1]:8080", "unix:/run/relay/http.sock")'
        ),
        'F:3: server.max_body: "10 MB" is no size (such as "64KiB", "10MiB", "1GiB")',
        'F:4: server.bdy_timeout: unknown key (did you mean "body_timeout"?)',
        'F:6: source.github.provider: there is no "githb" (did you mean "github"?)',
        'F:7: source.github.expect_every: "1 hour" is no duration (such as "500ms", "30s", "5m", "2h", "7d")',
        'F:9: source.erp.verify.encodng: unknown key (did you mean "encoding"?)',
        (
            'F:10: source.erp.secret: the environment variable "NOT_SET" is not set'
            ' (restart the daemon with it, or use { file = "PATH" })'
        ),
        (
            "F:11: source.open: has neither provider nor verify, so nobody could be trusted"
            ' (provider = "github", verify = { type = "hmac", … },'
            ' or verify = "none" to take all from anyone)'
        ),
        'F:12: target.billing.subject: is missing (subject = "orders.${event.type}")',
        "F:14: target.billing.concurrency: must be at least 1",
        (
            'F:15: target.billing.retry.schedule[1]: "5x" is no duration'
            ' (such as "500ms", "30s", "5m", "2h", "7d")'
        ),
        'F:17: route.paid.from: there is no source "nobody" (there are "github", "erp", "open")',
        'F:18: route.paid.to: there is no target "biling" (did you mean "billing"?)',
        "F:19: route.paid.when: must be text in quotes",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a", "F:1: no TOML: Expected '=' after a key in a key/value pair at the end of the file"),
        ("\n[server\n", "F:2: no TOML: Expected ']' at the end of a table declaration, at column 8"),
        ("[log]\n\n[log]\n", "F:3: no TOML: Cannot declare ('log',) twice, at column 5"),
        ('[log]\nlevel = "info\n', "F:2: no TOML: Illegal character '\\n', at column 14"),
        ("a = " + "9" * 5000, "F: a number in it is too long"),
        ("a = " + "[" * 5000 + "]" * 5000, "F: is nested too deep"),
    ],
)
def test_what_is_no_toml(tells: Tells, text: str, told: str) -> None:
    """One line that says where, and no other problem: the rest of the file means nothing."""
    assert tells(text) == [told]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Each reason has its words."""
    (tmp_path / "latin").write_bytes(b'[log]\nlevel = "\xe9"')
    told = {}
    for name in ("none.toml", ".", "latin", "a\0"):
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / name)
        told[name] = str(caught.value).removeprefix(str(tmp_path / name))
    assert told == {
        "none.toml": ": there is no such file (-c FILE or $RELAY_CONFIG names another)",
        ".": ": cannot be read: Is a directory (relay's user must be able to read it)",
        "latin": ":2: is not UTF-8 text",
        "a\0": ": is no path of a file (it holds a NUL)",
    }


@pytest.mark.parametrize("written", [b"\xef\xbb\xbf[log]\nlevel = 1", b"[log]\r\nlevel = 1"])
def test_marks_of_other_systems(tmp_path: Path, written: bytes) -> None:
    """A byte order mark and CRLF change no line."""
    (tmp_path / "relay.toml").write_bytes(written)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "relay.toml")
    assert [problem.line for problem in caught.value.problems] == [2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[log]\nlevel = 1",
            'log.level: must be text in quotes (there are "debug", "info", "warning", "error")',
        ),
        ('[log]\nlevel = "warn"', 'log.level: there is no "warn" (did you mean "warning"?)'),
        ('[log]\nlevel = "x"', 'log.level: there is no "x" (there are "debug", "info", "warning", "error")'),
        ('[health]\ndead = "1"', "health.dead: must be a whole number"),
        ("[health]\ndead = 1.0", "health.dead: must be a whole number"),
        ("[health]\ndead = true", "health.dead: must be a whole number"),
        ("[server]\npublic_url = 1", "server.public_url: must be text in quotes"),
        ('[server]\ntrusted_proxies = "::1"', "server.trusted_proxies: must be a list"),
        (
            "[server]\nack_timeout = 1",
            'server.ack_timeout: a duration is text with its unit (such as "500ms",',
        ),
        ('[server]\nack_timeout = "0s"', "server.ack_timeout: must be more than nothing"),
        ('[target.a]\nurl = "log:"\nretry = 1', "target.a.retry: must be a table"),
        ('[target.a]\nurl = "log:"\nretry.jitter = 1.5', "target.a.retry.jitter: must be at most 1"),
        ('[target.a]\nurl = "log:"\nretry.jitter = -1', "target.a.retry.jitter: must be at least 0"),
        ('[target.a]\nurl = "log:"\nretry.jitter = nan', "target.a.retry.jitter: must be a number"),
        ('[target.a]\nurl = "log:"\nretry.jitter = "x"', "target.a.retry.jitter: must be a number"),
        ('[target.a]\nurl = "log:"\nconcurrency = 99999', "target.a.concurrency: must be at most 10000"),
        ('[target.a]\nurl = "log:"\nrate = "5"', 'target.a.rate: "5" is no rate (such as "50/s",'),
        ("[target.a]\n", 'target.a.url: is missing (url = "https://HOST/PATH" or "log:")'),
        ("source = 1\n", "source: must be a table"),
        ("[source]\na = 1", "source.a: must be a table"),
        (
            "[source.a.verify]\ntype = 1",
            'source.a.verify.type: there is no "1" (there are hmac, digest, token,',
        ),
        ("[source.a.verify]\ntype = {}", 'source.a.verify.type: there is no "{}" (there are hmac, digest,'),
        ("[source.a]\nverify = {}", "source.a.verify: its type is missing (there are hmac, digest, token,"),
        ('[source.a]\nverify = "nine"', "source.a.verify: must be a table"),
        (
            '[source.a]\nverify = { type = "basic" }\nsecret = { env = "S" }',
            "source.a.verify.username: is missing (the user that the sender logs in as)",
        ),
        ('[source.a]\nverify = "none"\ntype = ["x"]', "source.a.type: takes one, not a list"),
        ('[source.a]\nverify = "none"\nid = [1]', "source.a.id[0]: must be text in quotes"),
        ('[source.a]\nverify = "none"\nid = 1', "source.a.id: must be a list"),
        ('[source."A b"]\nverify = "none"', 'source."A b": is no name (lower-case letters, digits, - and _,'),
        (
            '[source.relay]\nverify = "none"',
            "source.relay: no source may be called relay (relay's own events",
        ),
        ("[serve]\n", 'serve: unknown key (did you mean "server"?)'),
        (
            "[zzz]\n",
            (
                "zzz: unknown key (there are server, admin, store, log, health, alerts,"
                " source, target, route, api, enrich, poll, watch)"
            ),
        ),
    ],
)
def test_each_fault_has_its_words(tells: Tells, text: str, told: str) -> None:
    """Plain words of ours at the key itself, nothing of the library's."""
    lines = tells(text, S="x")
    assert [line for line in lines if told in line], lines
    assert len(lines) == 1


def test_a_union_leaves_no_trace(tells: Tells) -> None:
    """The path is the file's, whatever the source and its keys are called."""
    table = 'verify = { type = "token", token = 1, header = 2 }\nsecret = { env = "S" }\n'
    told = tells(f"[source.verify]\n{table}[source.token]\n{table}", S="x")
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "source.verify.verify.header",
        "source.verify.verify.token",
        "source.token.verify.header",
        "source.token.verify.token",
    ]


def test_parts_built_later_get_lines(reads: Reads) -> None:
    """What a provider finds in its table is told with the table's lines."""
    loaded = reads('[source.a]\nverify = "none"\n\nid = ["digest", "x("]\n')
    found = loaded.locate_problems([Problem("source.a.id[1]", "bad"), Problem("source.a.time", "missing")])
    assert [problem.at("F") for problem in found] == [
        "F:1: source.a.time: missing",
        "F:4: source.a.id[1]: bad",
    ]
    assert loaded.locate("source.a.id") == 4


def test_which_file() -> None:
    """`-c`, else $RELAY_CONFIG, else the usual place."""
    assert config_file("a.toml", {"RELAY_CONFIG": "b.toml"}) == Path("a.toml")
    assert config_file(None, {"RELAY_CONFIG": "b.toml"}) == Path("b.toml")
    assert config_file(None, {"RELAY_CONFIG": ""}) == Path("/etc/relay/relay.toml")


def test_where_the_store_is(reads: Reads) -> None:
    """Beside the file, but in $STATE_DIRECTORY where systemd sets it; the first of several."""
    config, file = reads("").config, Path("/etc/relay/relay.toml")
    assert store_path(config, file, {}) == Path("/etc/relay/relay.db")
    assert store_path(config, file, {"STATE_DIRECTORY": "/var/lib/relay:/x"}) == Path(
        "/var/lib/relay/relay.db"
    )
    absolute = reads('[store]\nurl = "sqlite:/srv/r.db"').config
    assert store_path(absolute, file, {"STATE_DIRECTORY": "/var/lib/relay"}) == Path("/srv/r.db")


def test_a_socket_is_beside_the_file(reads: Reads, tmp_path: Path) -> None:
    """Relative paths do not depend on where relay was started."""
    assert reads('[server]\nlisten = "unix:s"').config.server.listen.path == tmp_path / "s"


LINES = [line.lstrip("#") for line in EXAMPLE.read_text().splitlines() if line[:2] not in ("# ", "#", "")]
PIECES = [
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "=",
    ".",
    "-1",
    "nan",
    "1979-05-27",
    "[]",
    "{}",
    "\n",
    "\\",
    "#",
    "\0",
    "é",
    "true",
]


@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 12))
def test_any_file_loads_or_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: int
) -> None:
    """However an example is torn, the answer is a config or its problems, each on one line."""
    dice = random.Random(seed)
    lines = dice.sample(LINES, k=dice.randrange(len(LINES)))
    text = "\n".join(sorted(lines, key=LINES.index))
    for _ in range(cuts):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice([*PIECES, dice.choice(LINES)]) + text[at + dice.choice([0, 0, 1, 9]) :]
    file = tmp_path_factory.getbasetemp() / "torn.toml"
    file.write_text(text)
    try:
        loaded = load(file, environ={})
    except ConfigError as error:
        problems = error.problems
    else:
        problems = loaded.warnings
    assert all("\n" not in problem.at("F") for problem in problems)
