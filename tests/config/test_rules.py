"""What must hold between keys and tables, and what is only warned of."""

import pytest

from relay.config.routes import open_routes
from tests.config.conftest import Reads, Tells

OPEN = 'verify = "none"\nid = "digest"\n'
SECRET_HINT = 'secret = { env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'
PLACE_HINT = 'one of them: header = "X-Signature", or json = "path.in.the.body"'


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('provider = "github"', f"1: source.a.secret: is missing ({SECRET_HINT})"),
        ('provider = "github"\nsecret = []', f"3: source.a.secret: is missing ({SECRET_HINT})"),
        ('verify = { type = "bearer" }', f"1: source.a.secret: is missing ({SECRET_HINT})"),
        (
            'verify = "none"\nsecret = "x"',
            '3: source.a.secret: stands beside verify = "none", which checks nothing (leave one out)',
        ),
        (
            'verify = { type = "none" }\nsecret = "x"',
            '3: source.a.secret: stands beside verify = "none", which checks nothing (leave one out)',
        ),
        (
            'provider = "github"\nsecret = "x"\nverify = { type = "bearer" }',
            "4: source.a.verify: stands beside provider, which verifies by itself (leave one out)",
        ),
        (
            'secret = "x"\nverify = { type = "hmac" }',
            f"3: source.a.verify: has neither header nor json ({PLACE_HINT})",
        ),
        (
            'secret = "x"\nverify = { type = "token", header = "A", json = "a" }',
            f"3: source.a.verify: has both header and json ({PLACE_HINT})",
        ),
        (
            'secret = "x"\n[source.a.verify]\ntype = "hmac"\nheader = "A"\ntimestamp = { unit = "ms" }',
            f"6: source.a.verify.timestamp: has neither header nor json ({PLACE_HINT})",
        ),
    ],
)
def test_a_source_fails_closed(tells: Tells, table: str, told: str) -> None:
    """It says how it is verified, once, with what that needs and nothing that does not belong."""
    assert tells(f"[source.a]\n{table}") == [f"F:{told}"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            'provider = "github"\nsecret = { env = "S" }\nheader = "A"',
            '4: source.a.header: is a key of provider "fedex" (leave it out)',
        ),
        (
            f'{OPEN}verify_token = "x"',
            (
                '4: source.a.verify_token: is a key of provider "meta"'
                " (handshake has it: require = { PARAMETER = SECRET })"
            ),
        ),
        (
            f'{OPEN}allowed_origins = ["x"]',
            '4: source.a.allowed_origins: is a key of provider "cloudevents" (leave it out)',
        ),
        (
            'provider = "paypal"',
            "1: source.a.webhook_id: is missing (the id of the subscription, from the dashboard)",
        ),
        (
            'provider = "sns"',
            '1: source.a.topic_arn: is missing (topic_arn = "arn:aws:sns:REGION:ACCOUNT:TOPIC")',
        ),
        (
            'provider = "sns"\ntopic_arn = "arn:aws:sns:eu-west-1:123456789012:t"\nsecret = "x"',
            "4: source.a.secret: sns has none: it signs with a certificate (leave it out)",
        ),
        (
            'provider = "cloudevents"\nsecret = { env = "S" }\nallowed_rate = "1/s"',
            "4: source.a.allowed_rate: is granted to nobody (allowed_origins says to whom)",
        ),
        (
            'provider = "stripe"\nsecret = { env = "S" }\nhandshake = [{ when = "true" }]',
            "4: source.a.handshake: stands beside provider, which has its own (leave one out)",
        ),
        (
            f'{OPEN}handshake = [{{ answer = "body.x" }}]',
            (
                "4: source.a.handshake[0].when: is missing: events are posted too"
                " (CEL that holds for handshakes only)"
            ),
        ),
        (
            'provider = "sns"\ntopic_arn = "arn:aws:sns:eu-west-1:123456789012:t"\ntrust = "none.pem"',
            '4: source.a.trust: the file "DIR/none.pem" cannot be read: No such file or directory',
        ),
    ],
)
def test_keys_that_belong_together(tells: Tells, table: str, told: str) -> None:
    """A key of another provider, one that is missing, one that does nothing: each at its own line."""
    assert tells(f"[source.a]\n{table}", S="x") == [f"F:{told}"]


def test_a_time_beside_its_signature(reads: Reads) -> None:
    """Where the signature's pairs hold the time, the timestamp names no other place."""
    words = 'type = "hmac"\nheader = "A"\nsigned = "{ts}.{body}"\npairs = { time = "t", signature = "v1" }'
    loaded = reads(
        f'[source.a]\nsecret = "x"\n[source.a.verify]\n{words}\ntimestamp = {{ tolerance = "60s" }}'
    )
    assert loaded.config.source["a"].verify is not None


def test_two_sources_at_one_path(tells: Tells) -> None:
    """A path is one source's: the second one is told, at its path or its table."""
    text = f'[source.a]\n{OPEN}[source.b]\n{OPEN}path = "/in/a"\n'
    text += f'[source.c]\n{OPEN}path = "/in/d"\n[source.d]\n{OPEN}'
    assert tells(text) == [
        "F:7: source.b.path: /in/a is the path of source.a already (one path to a source)",
        "F:12: source.d: /in/d is the path of source.c already (one path to a source)",
    ]


def test_routes_name_what_is_there(tells: Tells) -> None:
    """Names of nobody, and the same target twice; relay itself is somebody."""
    told = tells(
        f"[source.shop]\n{OPEN}"
        '[target.x]\nurl = "log:"\n[route.a]\nfrom = ["shop", "shp", "relay"]\nto = ["x", "x", "y"]'
    )
    assert told == [
        'F:7: route.a.from: there is no source "shp" (did you mean "shop"?)',
        'F:8: route.a.to: names "x" more than once (once is enough)',
        'F:8: route.a.to: there is no target "y" (there are "x")',
    ]


def test_routes_of_an_empty_file(tells: Tells) -> None:
    """Where there is nothing to name, the hint says what is missing."""
    assert tells('[route.a]\nfrom = "x"\nto = ["y"]') == [
        'F:2: route.a.from: there is no source "x" (there is no [source.NAME] at all)',
        'F:3: route.a.to: there is no target "y" (there is no [target.NAME] at all)',
    ]


@pytest.mark.parametrize(("key", "line"), [("from", 2), ("to", 3)])
def test_a_route_goes_from_somewhere_to_somewhere(tells: Tells, key: str, line: int) -> None:
    """Neither end may be empty."""
    ends = {"from": '["*"]', "to": '["x"]'} | {key: "[]"}
    told = tells(f'[route.a]\nfrom = {ends["from"]}\nto = {ends["to"]}\n[target.x]\nurl = "log:"')
    assert told == [f"F:{line}: route.a.{key}: must not be empty"]


def test_what_one_event_may_owe(tells: Tells, reads: Reads) -> None:
    """4,000 deliveries of one event load, one more does not."""
    targets = "".join(f'[target.t{n}]\nurl = "log:"\n' for n in range(2001))
    names = [f"t{n}" for n in range(2001)]
    text = (
        f'[source.a]\n{OPEN}{targets}[route.x]\nfrom = "a"\nto = {names[:2000]}\n[route.y]\nfrom = "*"\nto = '
    )
    assert len(reads(f"{text}{names[:2000]}").config.route) == 2
    assert tells(f"{text}{names}") == [
        "F:1: source.a: each of its events would be 4001 deliveries, more than 4000 (take it in fewer routes)"
    ]


def test_listeners_are_apart(tells: Tells, reads: Reads) -> None:
    """Health and API are never on the public listener; any free port twice is two ports."""
    assert tells('[server]\nlisten = "127.0.0.1:8081"') == [
        "F:2: server.listen: 127.0.0.1:8081 is admin.listen too (give each a port of its own)"
    ]
    assert tells('[admin]\nlisten = "127.0.0.1:8080"') == [
        "F:2: admin.listen: 127.0.0.1:8080 is server.listen too (give each a port of its own)"
    ]
    assert reads('[server]\nlisten = "[::1]:0"\n[admin]\nlisten = "[::1]:0"').warnings == ()


def test_rules_are_told_beside_other_faults(tells: Tells) -> None:
    """A value that is wrong hides no rule that its table breaks besides."""
    told = tells(
        '[server]\nlisten = "127.0.0.1:8081"\ndrain = 8\n'
        f'[source.a]\n{OPEN}expect_every = 1\n[source.b]\n{OPEN}path = "/in/a"'
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "server.listen",
        "server.drain",
        "source.a.expect_every",
        "source.b.path",
    ]


def test_a_table_without_what_it_needs_hides_no_other(tells: Tells) -> None:
    """A target without url, a source of no name: what stands beside them is judged all the same."""
    told = tells(
        '[server]\nlisten = "127.0.0.1:8081"\ndrain = 8\n[target.x]\n'
        f'[source."B c"]\n{OPEN}[source.a]\n{OPEN}[source.b]\n{OPEN}path = "/in/a"\n'
        '[route.r]\nfrom = ["a", "b", "z"]\nto = [5, "x", "y"]'
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "server.listen",
        "server.drain",
        "target.x.url",
        'source."B c"',
        "source.b.path",
        "route.r.from",
        "route.r.to[0]",
        "route.r.to",
    ]


def test_a_rule_stands_what_is_no_table(tells: Tells) -> None:
    """Where a table should be and is not, only that is told, and the rules go on."""
    assert tells('admin = 5\nsource = []\nroute = ""\n[server]\nlisten = "127.0.0.1:8081"') == [
        "F:1: admin: must be a table",
        "F:2: source: must be a table",
        "F:3: route: must be a table",
        "F:5: server.listen: 127.0.0.1:8081 is admin.listen too (give each a port of its own)",
    ]


def test_a_body_fits_the_server(tells: Tells) -> None:
    """A body that is allowed and never fits would be 503 forever."""
    assert tells(f'[server]\nmax_inflight = "1MiB"\n[source.a]\n{OPEN}max_body = "2MiB"') == [
        (
            "F:1: server.max_body: is more than server.max_inflight, so such a body would never be taken"
            " (let max_inflight be more)"
        ),
        (
            "F:6: source.a.max_body: is more than server.max_inflight, so such a body would never be taken"
            " (let max_inflight be more)"
        ),
    ]


def test_what_is_only_warned_of(reads: Reads) -> None:
    """A source nobody takes, one without id, a glob without a match: it loads."""
    loaded = reads(
        f'[source.a]\n{OPEN}[source.b]\nverify = "none"\n[target.x]\nurl = "log:"\n'
        '[route.r]\nfrom = ["b", "z*"]\nto = ["x"]'
    )
    assert [warning.at("F") for warning in loaded.warnings] == [
        "F:1: warning: source.a: no route takes its events: they are kept as unrouted",
        (
            "F:4: warning: source.b: has no id: none of its events is taken for a duplicate"
            ' (id = "body.id"; id = "digest" where equal bodies are always retries)'
        ),
        'F:9: warning: route.r.from: "z*" matches no source',
    ]


def test_an_empty_schedule_is_no_retry(reads: Reads) -> None:
    """`schedule = []` is a wish, not a slip: one attempt."""
    config = reads('[target.x]\nurl = "log:"\nretry.schedule = []').config
    assert config.target["x"].retry.schedule == ()


def test_routes_are_plans(reads: Reads) -> None:
    """The file's routes, in its order, as what plans deliveries."""
    config = reads(
        f'[source.a]\n{OPEN}[target.x]\nurl = "log:"\n'
        '[route.r]\nfrom = "a"\nto = ["x"]\n[route.q]\nfrom = ["*"]\nto = ["x"]'
    ).config
    routes, problems = open_routes(config)
    assert problems == []
    assert [(route.name, route.sources, route.targets) for route in routes.all] == [
        ("r", ("a",), ("x",)),
        ("q", ("*",), ("x",)),
    ]
