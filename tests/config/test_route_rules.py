"""What routes ask of their targets, what enrichments put, and which routes are probably not meant."""

import pytest

from relay.expression.functions import FUNCTIONS
from relay.seen import environment
from tests.config.conftest import Reads, Tells

OPEN = 'verify = "none"\nid = "digest"\n'
API = '[api.shop]\nurl = "https://shop.example/v1"\n'
ROUTE = '[route.r]\nfrom = "relay"\nto = ["a"]\n'
ENRICH = '[enrich.order]\napi = "shop"\npath = "/orders/1"\n'


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Expect",
        "Relay-Event-Id",
        "RELAY-X",
        "idempotency-key",
        "Traceparent",
        "webhook-id",
        "Webhook-Anything",
        "X Y",
        "",
    ],
)
def test_headers_that_no_route_sets(tells: Tells, name: str) -> None:
    """They belong to the connection, to relay or to a signature."""
    (told,) = tells(f"[target.a]\nurl = 'log:'\n{ROUTE}headers = {{ \"{name}\" = '\"x\"' }}")
    at = f'"{name}"' if name in {"", "X Y"} else name
    assert told.startswith(f'F:6: route.r.headers.{at}: "{name}" ')


@pytest.mark.parametrize(
    "name", ["Authorization", "Content-Type", "Cookie", "Accept-Encoding", "X-Relay", "tracestate"]
)
def test_headers_that_a_route_sets(reads: Reads, name: str) -> None:
    """All others, the sender's too."""
    config = reads(f"[target.a]\nurl = 'log:'\n{ROUTE}headers.{name} = 'body.x'").config
    assert config.route["r"].headers == {name: "body.x"}


def test_a_header_is_set_once(tells: Tells) -> None:
    """Their case does not count."""
    assert tells(
        f"[target.a]\nurl = 'log:'\n{ROUTE}headers.X-A = '1'\nheaders.x-a = '2'\nheaders.X-B = '3'"
    ) == ['F:7: route.r.headers.x-a: is the header "X-A" once more (leave one out)']


@pytest.mark.parametrize("key", ["headers = { X-A = '\"x\"' }", "path = '/x'"])
def test_a_batch_is_one_request(tells: Tells, key: str) -> None:
    """What is said for one event cannot be said for several."""
    targets = '[target.a]\nurl = "https://a.example"\n[target.b]\nurl = "https://b.example"\nbatch = {}\n'
    name = key.partition(" ")[0]
    assert tells(f'{targets}[route.r]\nfrom = "relay"\nto = ["a", "b"]\n{key}') == [
        (
            f"F:9: route.r.{name}: is for one event, and target.b sends several in one request"
            " (a route of its own to it, or no target.b.batch)"
        )
    ]


@pytest.mark.parametrize(
    "target",
    [
        "url = 'exec:/bin/cat'",
        "url = 'file:a.jsonl'",
        "url = 'nats://a'\nsubject = 'x'",
        "url = 'amqps://a'\nrouting_key = 'x'",
        "url = 'kafka://a'\ntopic = 'x'",
        "url = 'redis://a'\nstream = 'x'",
        "url = { env = 'U' }",
    ],
)
def test_a_path_leads_somewhere(tells: Tells, target: str) -> None:
    """Beyond HTTP there is none."""
    (told,) = tells(f"[target.a]\n{target}\n{ROUTE}path = '/x'", U="exec:/bin/cat")
    assert told.endswith(
        ": route.r.path: leads nowhere: target.a is no HTTP target (a route of its own to it)"
    )


def test_headers_beyond_http(reads: Reads) -> None:
    """They are the message's; and `log:` prints what an HTTP target would get, whatever its path."""
    text = "[target.a]\nurl = 'nats://a'\nsubject = 'x'\n[target.b]\nurl = 'log:'\n"
    routes = f"{ROUTE}headers.X-A = 'body.x'\n[route.s]\nfrom = 'relay'\nto = ['b']\npath = '/x'"
    assert reads(text + routes).warnings == ()


def test_a_faulty_target_hides_nothing(tells: Tells) -> None:
    """What a route asks of it is judged by what can be read of it."""
    told = tells(
        f"[target.a]\nurl = 'file:a'\nconcurrency = 0\n[target.b]\nbatch = 5\n{ROUTE}path = '/x'\n".replace(
            '["a"]', '["a", "b"]'
        )
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "target.a.concurrency",
        "target.b.url",
        "target.b.batch",
        "route.r.path",
        "route.r.path",
    ]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("orders", "a path begins with / (it is appended to the path of the target's url)"),
        (
            "/a b",
            "is no path of a url (spaces and the like stand percent-encoded; the query is the target's)",
        ),
        ("/a#b", "is no path of a url ("),
        ("/a?b=c", "is no path of a url ("),
        ("/${body.a}?b=${body.c}", "is no path of a url ("),
        ("/é", "is no path of a url ("),
        ("/a/../b", "leads elsewhere (no segment is . or ..)"),
        ("/a/%2E%2e", "leads elsewhere ("),
        ("/./${body.a}", "leads elsewhere ("),
    ],
)
def test_a_path_leads_below_the_url(tells: Tells, path: str, told: str) -> None:
    """It begins with a slash, is encoded outside of its expressions, and never leads up."""
    (line,) = tells(f"[target.a]\nurl = 'https://a'\n{ROUTE}path = '{path}'")
    assert line.startswith(f"F:6: route.r.path: {told}")


@pytest.mark.parametrize(
    "path", ["/", "/a/${body.a}/b", "/${body.a ? 'x y' : '#'}..${body.b}", "/%20", "/${"]
)
def test_expressions_of_a_path_are_no_path(reads: Reads, path: str) -> None:
    """What stands in `${}` is judged by who compiles it."""
    text = f'[target.a]\nurl = "https://a"\n{ROUTE}path = """{path}"""'
    assert reads(text).config.route["r"].path == path


def test_a_key_of_the_other_table(tells: Tells) -> None:
    """Whoever looks for it is led there."""
    told = tells(
        f"[target.a]\nurl = 'log:'\nwhen = 'true'\n{ROUTE}batch = {{}}\n{API}{ENRICH}put = 'x'\nitems = 'x'"
    )
    assert told == [
        "F:3: target.a.when: is a key of [route.NAME], which chooses events and their shape",
        "F:7: route.r.batch: is a key of [target.NAME], which says how it is reached",
        "F:14: enrich.order.items: is a key of [poll.NAME], which reads a list",
    ]


# enrichments


def test_an_enrichment(reads: Reads) -> None:
    """What is not said has its default."""
    enrich = reads(f"{API}{ENRICH}put = 'order'").config.enrich["order"]
    assert (enrich.on, enrich.data, enrich.missing, enrich.within, enrich.on_fail) == (
        None, "body", "retry", 3600, "dead"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("put = 'order'\napi = 'shp'", 'enrich.order.api: there is no api "shp" (did you mean "shop"?)'),
        (
            "put = 'order'\nmethod = 'GET'\njson = {}",
            "enrich.order.json: is never sent by GET",
        ),
        (
            "put = 'order'\nmethod = 'POST'\njson = {}\nform = {}",
            "enrich.order.form: stands beside json: a request has one body (leave one out)",
        ),
        ("", 'enrich.order.put: is missing (put = "order", the name by which expressions know the answer)'),
        ("put = 'the order'", 'enrich.order.put: "the order" is no name that an expression can use'),
        ("put = 'body'", 'enrich.order.put: "body" means something else in expressions (another name)'),
        ("put = 5", "enrich.order.put: must be text in quotes"),
        ("put = 'order'\nwithin = '0s'", "enrich.order.within: must be more than nothing"),
        (
            "put = 'order'\nmissing = 'ignore'",
            'enrich.order.missing: there is no "ignore" (there are "retry", "skip")',
        ),
        (
            "put = 'order'\non_fail = 'skip'",
            'enrich.order.on_fail: there is no "skip" (there are "send", "dead")',
        ),
        ("put = 'order'\nwhen = 'true'", "enrich.order.when: is called on here"),
    ],
)
def test_what_no_enrichment_can_be(tells: Tells, text: str, told: str) -> None:
    """Each at its own key."""
    head = ENRICH.replace('api = "shop"\n', "") if "api =" in text else ENRICH
    lines = tells(f"{API}{head}{text}")
    assert len(lines) == 1
    assert f": {told}" in lines[0]


@pytest.mark.parametrize(
    "name", ["event", "headers", "query", "digest", "size", "math", "has", "in", "true", "get"]
)
def test_what_an_answer_cannot_be_called(tells: Tells, name: str) -> None:
    """Expressions mean something else by it."""
    (told,) = tells(f"{API}{ENRICH}put = '{name}'")
    assert told.endswith(f'enrich.order.put: "{name}" means something else in expressions (another name)')


def test_a_name_that_is_free_can_be_used(reads: Reads) -> None:
    """What the file lets through, expressions know; no function of theirs is let through."""
    enrich = reads(f"{API}{ENRICH}put = '_order_2'").config.enrich["order"]
    assert environment((enrich.put,)).compile("_order_2.id").names == {"_order_2"}
    assert "order" not in FUNCTIONS


def test_each_answer_has_a_name_of_its_own(tells: Tells) -> None:
    """Which of two would an expression mean?"""
    second = ENRICH.replace("order]", "again]")
    assert tells(f"{API}{ENRICH}put = 'order'\n{second}put = 'order'") == [
        'F:10: enrich.again.put: "order" is what enrich.order puts (another name)'
    ]


# relay's own events


def test_own_events_are_taken_by_name(reads: Reads) -> None:
    """No source of that name is needed."""
    assert reads(f"[target.a]\nurl = 'log:'\n{ROUTE}").warnings == ()


def test_what_an_own_event_may_owe(tells: Tells) -> None:
    """Their deliveries are planned in one transaction, as all others."""
    targets = "".join(f'[target.t{n}]\nurl = "log:"\n' for n in range(4001))
    names = [f"t{n}" for n in range(4001)]
    (told,) = tells(f'{targets}[route.r]\nfrom = ["relay"]\nto = {names}')
    assert told.endswith(
        "route.r.from: each of its events would be 4001 deliveries, more than 4000 (take it in fewer routes)"
    )


def test_leftovers_are_owed_alone(reads: Reads, tells: Tells) -> None:
    """A route of what is left takes nothing beside the others: the larger of the two counts."""
    targets = "".join(f'[target.t{n}]\nurl = "log:"\n' for n in range(4001))
    names = [f"t{n}" for n in range(4001)]
    text = f"{targets}[source.s]\n{OPEN}[route.a]\nfrom = '*'\nwhen = 'false'\nto = {names[:4000]}\n"
    assert (
        reads(f"{text}[route.b]\nfrom = '*'\nto = {names[:4000]}\nunrouted = true").config.route["b"].unrouted
    )
    (told,) = tells(f"{text}[route.b]\nfrom = '*'\nto = {names}\nunrouted = true")
    assert "each of its events would be 4001 deliveries" in told


@pytest.mark.parametrize(("sources", "warned"), [('["*"]', True), ('["*", "relay"]', False)])
def test_a_filter_for_own_events(reads: Reads, sources: str, warned: bool) -> None:
    """It sees none of them unless from names relay."""
    text = f"[source.s]\n{OPEN}[target.a]\nurl = 'log:'\n[route.r]\nfrom = {sources}\nto = ['a']\n"
    warnings = reads(f"{text}when = 'event.type == \"target.down\"'").warnings
    told = (
        "F:7: warning: route.r.from: takes none of relay's own events, which when asks for"
        ' (from = ["relay"], which no glob stands for)'
    )
    assert [warning.at("F") for warning in warnings] == [told] * warned


# warnings


def test_a_target_that_no_route_names(reads: Reads) -> None:
    """Nothing is ever sent there."""
    assert [warning.at("F") for warning in reads("[target.a]\nurl = 'log:'").warnings] == [
        "F:1: warning: target.a: no route names it: nothing is sent there"
    ]


def test_leftovers_of_nothing(reads: Reads) -> None:
    """A route of what is left, where another one takes all of the same sources."""
    text = f"[source.s]\n{OPEN}[source.t]\n{OPEN}[target.a]\nurl = 'log:'\n[route.all]\nto = ['a']\nfrom = "
    last = "\n[route.rest]\nfrom = '*'\nto = ['a']\nunrouted = true"
    assert [warning.at("F") for warning in reads(f"{text}'*'{last}").warnings] == [
        "F:15: warning: route.rest.unrouted: it never sees an event: route.all without when takes them all"
    ]
    assert reads(f"{text}'s'{last}").warnings == ()
    assert reads(f"{text}'*'\nwhen = 'true'{last}").warnings == ()
