"""Which keys belong to which kind of target, and how relay logs in at each."""

from pathlib import Path

import pytest

from relay.config.target import MtlsAuth
from relay.config.target_rules import BELONGS, CALLED, LOGINS, NEEDED
from relay.config.target_url import KINDS
from tests.config.conftest import Reads, Tells

URLS = {
    "http": "https://a.example",
    "log": "log:",
    "exec": "exec:/bin/cat",
    "file": "file:/var/log/a.jsonl",
    "nats": "tls://a.example",
    "amqp": "amqps://a.example",
    "kafka": "kafka://a.example",
    "redis": "rediss://a.example",
}
"""One of each kind, over TLS where it can be."""
SECRET = '{ env = "S" }'
VALUES = {
    "args": '["-x"]',
    "rotate": '{ size = "1MiB" }',
    "maxlen": "5",
    "batch": "{}",
    "sign": f'{{ type = "hmac", header = "X-A", secret = {SECRET} }}',
    "auth": f'{{ type = "basic", user = "me", password = {SECRET} }}',
    "ca": '"ca.pem"',
}
"""A value of each key that is no text."""
AUTHS = {
    "bearer": f"token = {SECRET}",
    "basic": f'user = "me", password = {SECRET}',
    "header": f'name = "X-A", value = {SECRET}',
    "query": f'name = "a", value = {SECRET}',
    "oauth2": f'token_url = "https://a.example", client_id = "me", client_secret = {SECRET}',
    "mtls": 'certificate = "ca.pem", key = "ca.pem"',
}
ROUTE = '\n[route.r]\nfrom = "relay"\nto = ["a"]'


@pytest.fixture(autouse=True)
def pem(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")


def target(kind: str, **keys: str) -> str:
    """A target of a kind with what it needs, and further keys as TOML."""
    needed = {NEEDED[kind][0]: '"x"'} if kind in NEEDED else {}
    lines = (f"{key} = {value}" for key, value in (needed | keys).items())
    return f'[target.a]\nurl = "{URLS[kind]}"\n' + "\n".join(lines)


@pytest.mark.parametrize("kind", URLS)
def test_each_key_belongs_to_its_kinds(reads: Reads, tells: Tells, kind: str) -> None:
    """It loads with those that have it, and is told of with every other."""
    for key, kinds in BELONGS.items():
        text = target(kind, **{key: VALUES.get(key, '"x"')})
        if kind in kinds:
            assert reads(text, S="x").config.target["a"].kind == kind
        else:
            (told,) = tells(text, S="x")
            assert told.partition(": ")[2].startswith(f"target.a.{key}: is a key of ")


def test_a_key_says_whose_it_is(tells: Tells) -> None:
    """By the names that people call them."""
    assert tells(target("log", auth=VALUES["auth"], subject='"x"', rotate="{}"), S="x") == [
        "F:3: target.a.auth: is a key of HTTP, NATS, AMQP, Kafka and Redis targets (this one is log:)",
        "F:4: target.a.subject: is a key of NATS targets (this one is log:)",
        "F:5: target.a.rotate: is a key of file: targets (this one is log:)",
    ]


def test_every_kind_is_known() -> None:
    """Each has a name, and keys of no kind that there is not."""
    assert CALLED.keys() == set(KINDS.values()) == URLS.keys()
    assert {kind for kinds in BELONGS.values() for kind in kinds} <= CALLED.keys()


@pytest.mark.parametrize("kind", NEEDED)
def test_a_message_goes_somewhere(tells: Tells, kind: str) -> None:
    """At a broker nothing arrives without it; empty it is nothing, but for a routing key."""
    key, hint = NEEDED[kind]
    assert tells(f'[target.a]\nurl = "{URLS[kind]}"') == [f"F:1: target.a.{key}: is missing ({hint})"]
    if kind != "amqp":
        assert tells(target(kind, **{key: '""'})) == [f"F:3: target.a.{key}: must not be empty"]


def test_a_fanout_needs_no_routing_key(reads: Reads) -> None:
    """It is there, and empty."""
    assert reads(target("amqp", exchange='"all"', routing_key='""')).config.target["a"].routing_key == ""


@pytest.mark.parametrize("kind", LOGINS)
@pytest.mark.parametrize("word", AUTHS)
def test_logins(reads: Reads, tells: Tells, kind: str, word: str) -> None:
    """Each kind takes its own, and the hint names them."""
    text = target(kind, auth=f'{{ type = "{word}", {AUTHS[word]} }}')
    if word in LOGINS[kind]:
        auth = reads(text, S="x").config.target["a"].auth
        assert auth is not None
        assert auth.type == word
    else:
        known = ", ".join(f'"{each}"' for each in LOGINS[kind])
        (told,) = tells(text, S="x")
        assert told.endswith(
            f"target.a.auth.type: {word} is no login of {CALLED[kind]} targets (it takes {known})"
        )


@pytest.mark.parametrize(
    ("ca", "told"),
    [
        ("none.pem", 'the file "DIR/none.pem" cannot be read: No such file or directory'),
        ("empty.pem", 'the file "DIR/empty.pem" holds no certificates (PEM, BEGIN CERTIFICATE)'),
        ("", "must be the path of a PEM file"),
    ],
)
def test_roots_are_in_a_file(tells: Tells, tmp_path: Path, ca: str, told: str) -> None:
    """They are read when the file is loaded."""
    (tmp_path / "empty.pem").write_text("")
    assert tells(target("http", ca=f'"{ca}"')) == [f"F:3: target.a.ca: {told}"]


@pytest.mark.parametrize(
    ("url", "better"),
    [("http://a", "https://"), ("nats://a", "tls://"), ("amqp://a", "amqps://"), ("redis://a", "rediss://")],
)
def test_certificates_need_tls(tells: Tells, url: str, better: str) -> None:
    """They are shown where the connection is encrypted: without, nobody would look at them."""
    mtls = f'{{ type = "mtls", {AUTHS["mtls"]} }}'
    scheme = url.partition(":")[0]
    needed = {"nats": 'subject = "x"', "amqp": 'routing_key = "x"', "redis": 'stream = "x"'}.get(scheme, "")
    assert tells(f'[target.a]\nurl = "{url}"\nauth = {mtls}\nca = "ca.pem"\n{needed}') == [
        f"F:3: target.a.auth: mtls needs TLS, and {scheme}: has none ({better})",
        f"F:4: target.a.ca: needs TLS, and {scheme}: has none ({better})",
    ]


@pytest.mark.parametrize("url", ["https://me:pw@a", "https://me@a"])
def test_one_login(tells: Tells, url: str) -> None:
    """Which of two would be sent?"""
    text = f'[target.a]\nurl = "{url}"\nauth = {VALUES["auth"]}'
    assert tells(text, S="x") == [
        "F:3: target.a.auth: stands beside a user or password in url (leave one out)"
    ]


def test_a_certificate_beside_a_login(reads: Reads) -> None:
    """A broker may ask for both."""
    text = (
        f'[target.a]\nurl = "amqps://me:pw@a"\nrouting_key = "x"\nauth = {{ type = "mtls", {AUTHS["mtls"]} }}'
    )
    assert isinstance(reads(text).config.target["a"].auth, MtlsAuth)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            target("file", format='"cloudevents-binary"'),
            (
                "3: target.a.format: the attributes of cloudevents-binary are HTTP headers,"
                ' of which this target has none (format = "cloudevents")'
            ),
        ),
        (
            target("http", format='"cloudevents-binary"', batch="{ max = 2 }"),
            (
                "3: target.a.format: the attributes of cloudevents-binary are headers of one event,"
                ' and a batch has several (format = "cloudevents")'
            ),
        ),
        (target("http", batch="{ max = 201 }"), "3: target.a.batch.max: must be at most 200"),
        (target("http", batch="{ max = 0 }"), "3: target.a.batch.max: must be at least 1"),
        (
            target("http", batch="100"),
            '3: target.a.batch: must be a table (batch = { max = 100, within = "1s" })',
        ),
        (
            target("file", rotate="{ keep = 3 }"),
            '3: target.a.rotate: never happens (size = "100MiB", every = "1d", or both)',
        ),
        (target("exec", args='["a\\u0000"]'), "3: target.a.args: holds a NUL, which no program can be given"),
        (target("exec", args='"-x"'), '3: target.a.args: must be a list (args = ["--fast"])'),
        (
            target("nats", stream='"orders.${event.type}"'),
            (
                '4: target.a.stream: "orders.${event.type}" is no stream of NATS'
                " (one name, without white space . * > / \\ and ${}; subject may hold ${})"
            ),
        ),
        (
            target("http", auth='{ type = "mtls" }'),
            (
                '3: target.a.auth.certificate: is missing (certificate = "relay.pem", a file,'
                " or a secret that holds the PEM)"
            ),
        ),
        (
            target("http", auth='{ type = "oauth" }'),
            '3: target.a.auth.type: there is no "oauth" (did you mean "oauth2"?)',
        ),
        (
            target("http", auth='{ type = "x" }'),
            '3: target.a.auth.type: there is no "x" (there are bearer, basic, header, query, oauth2, mtls)',
        ),
        (
            target("http", auth="{}"),
            "3: target.a.auth: its type is missing (there are bearer, basic, header, query,",
        ),
        (target("http", sign='"hmac"'), "3: target.a.sign: must be a table (sign = { type = "),
        (
            target("http", sign='{ type = "svix" }'),
            '3: target.a.sign.type: there is no "svix" (there are standard-webhooks, hmac)',
        ),
        (
            target("http", sign='{ type = "hmac", secret = { env = "S" } }'),
            '3: target.a.sign.header: is missing (header = "X-Signature")',
        ),
        (
            target("http", sign='{ type = "hmac", secret = [], header = "X" }'),
            "3: target.a.sign.secret: must not be empty",
        ),
        (
            target("http", auth='{ type = "bearer", tokn = { env = "S" }, token = { env = "S" } }'),
            '3: target.a.auth.tokn: unknown key (did you mean "token"?)',
        ),
        (
            target("http", headers='{ X-A = "1" }'),
            "3: target.a.headers: is a key of [route.NAME], which chooses events and their shape",
        ),
    ],
)
def test_what_does_not_load(tells: Tells, text: str, told: str) -> None:
    """Each at its own key, in words that help."""
    lines = tells(text, S="x")
    assert [line for line in lines if line.startswith(f"F:{told}")], lines


def test_all_of_a_table_is_told_at_once(tells: Tells) -> None:
    """A wrong value hides no rule, a rule no other."""
    text = target("nats", rotate="5", stream='"a b"', concurrency="0", batch="{ max = 0 }")
    assert [line.partition(": ")[2].partition(": ")[0] for line in tells(text)] == [
        "target.a.rotate",
        "target.a.rotate",
        "target.a.stream",
        "target.a.concurrency",
        "target.a.batch.max",
        "target.a.batch",
    ]


def test_nothing_is_told_of_what_is_not_there(reads: Reads) -> None:
    """What a target is, a check cannot know whose url is a credential: none of its keys is wrong then."""
    url = 'url = { credential = "u" }'
    text = f'[target.a]\n{url}\nsubject = "x"\n[target.b]\n{url}\nrotate = {{ keep = 1 }}\nbatch = {{}}'
    paths = [warning.path for warning in reads(text, checking=True).warnings]
    assert paths == ["target.a", "target.a.url", "target.b", "target.b.url"]


# what loads all the same


def test_two_targets_of_one_file(reads: Reads) -> None:
    """Both would rotate it: a warning."""
    text = '[target.a]\nurl = "file:a.jsonl"\n[target.b]\nurl = "file:./a.jsonl"\n'
    assert [
        warning.at("F") for warning in reads(f'{text}[route.r]\nfrom = "relay"\nto = ["a", "b"]').warnings
    ] == [
        (
            "F:4: warning: target.b.url: is the file of target.a too: both would write and rotate it"
            " (a file of its own)"
        )
    ]
