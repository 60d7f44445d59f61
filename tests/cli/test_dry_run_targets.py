"""`relay send --dry-run`: what targets beyond HTTP would get, and what of no target is shown."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import DRY_ALL as ALL
from tests.cli.conftest import DRY_BOX as BOX
from tests.cli.conftest import DryRoutes, Relay


def test_targets_beyond_http(dry_routes: DryRoutes, tmp_path: Path) -> None:
    """Where it goes in the words of the file, headers or variables, and body."""
    targets = {
        "jobs": 'url = "nats://me:hush-login@127.0.0.1"\nsubject = "jobs.${event.type}"\nstream = "JOBS"',
        "rabbit": 'url = "amqp://127.0.0.1/shop"\nexchange = "events"\nrouting_key = "${event.source}"\n'
        'auth = { type = "basic", user = "me", password = "hush-password" }',
        "bus": 'url = "kafka://me:hush-login@k1:9092,k2"\ntopic = "orders"\nkey = "${body.id}"',
        "feed": 'url = "redis://127.0.0.1/1"\nstream = "s"\nmaxlen = 9',
        "script": 'url = "exec:bin/on"\nargs = ["--fast", "a b"]',
        "archive": 'url = "file:events.jsonl"',
        "print": 'url = "log:"',
    }
    tables = [f"[target.{name}]\n{table}" for name, table in targets.items()]
    found = dry_routes(*tables, f'[route.all]\nfrom = "demo"\nto = {list(targets)}\ntransform = "body.id"')
    requests = {each["target"]: each["request"] for each in found["all"]["deliveries"]}
    headers = {name: dict(each.pop("headers", ())) for name, each in requests.items()}
    assert headers["jobs"]["Nats-Msg-Id"] == headers["jobs"]["Idempotency-Key"] == f"{'0' * 20}-1"
    assert headers["feed"]["Relay-Type"] == "order.paid"
    assert requests["script"].pop("environment")["RELAY_EVENT_ID"] == "0" * 20
    line = json.loads(requests["print"].pop("line"))
    assert (line["body"], line["attempt"]) == ('"7"', 1)
    body, folder = {"body": '"7"'}, tmp_path
    assert requests == {
        "jobs": {
            "kind": "nats", "url": "nats://127.0.0.1", "subject": "jobs.order.paid", "stream": "JOBS", **body,
        },
        "rabbit": {
            "kind": "amqp", "url": "amqp://127.0.0.1/shop", "routing_key": "demo", "exchange": "events",
            "message_id": f"{'0' * 20}-2", **body,
        },
        "bus": {"kind": "kafka", "url": "kafka://k1:9092,k2", "topic": "orders", "key": "7", **body},
        "feed": {"kind": "redis", "url": "redis://127.0.0.1/1", "stream": "s", "maxlen": 9, **body},
        "script": {
            "kind": "exec", "command": [f"{folder}/bin/on", "--fast", "a b"],
            "inherits": ["PATH", "HOME", "LANG", "TZ"], **body,
        },
        "archive": {"kind": "file", "url": f"file:{folder}/events.jsonl", "line": '"7"\n'},
        "print": {"kind": "log", "url": "log:"},
    }  # fmt: skip


def test_they_are_one_line_for_people(dry: Relay) -> None:
    """Place, then variables or headers, then the body."""
    done = dry(
        '[target.script]\nurl = "exec:/bin/on"\nargs = ["a b"]',
        '[target.feed]\nurl = "redis://127.0.0.1/1"\nstream = "${body.id} x"',
        '[route.all]\nfrom = "demo"\nto = ["script", "feed"]',
    )
    lines = done.out.splitlines()
    script = lines.index("  → script")
    assert lines[script + 1 : script + 4] == [
        "    /bin/on 'a b'",
        "    PATH HOME LANG TZ as the daemon has them",
        "    CONTENT_TYPE=application/json",
    ]
    assert lines[lines.index("  → feed") + 1] == "    redis://127.0.0.1/1 stream='7 x'"


# what proves relay, or the sender


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('auth = { type = "bearer", token = "hush-token" }', "Authorization: Bearer ***"),
        ('auth = { type = "basic", user = "me", password = "hush-password" }', "Authorization: Basic ***"),
        ('auth = { type = "header", name = "X-Key", value = "hush-value" }', "X-Key: ***"),
        (
            """auth.type = "oauth2"
            auth.token_url = "https://t.invalid"
            auth.client_id = "me"
            auth.client_secret = "hush-client"
            """,
            "Authorization: Bearer ***",
        ),
        (
            'auth = { type = "query", name = "k", value = "hush-value" }',
            "POST https://box.example/hooks?a=1&k=***",
        ),
        (
            'sign = { type = "standard-webhooks", secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }',
            "webhook-id: ",
        ),
    ],
)
def test_what_proves_relay_is_masked(dry: Relay, table: str, line: str) -> None:
    """That it is there is told, and where; no secret."""
    assert f"    {line}" in dry(BOX, table, ALL).out


def test_secret_urls_are_masked(dry: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a url that is a secret nothing is told; of one with a login all but that."""
    monkeypatch.setenv("HOOK", "https://hooks.example/services/hush/T/B/X")
    done = dry('[target.box]\nurl = { env = "HOOK" }\n', ALL, 'path = "/o"')
    assert ("    POST ***/o\n" in done.out, "hooks.example" in done.out) == (True, False)
    done = dry('[target.box]\nurl = "https://me:hush-login@box.example/hooks"\n', ALL)
    assert "    POST https://box.example/hooks\n" in done.out
    assert "    Authorization: Basic ***\n" in done.out


def test_what_proved_the_sender_is_nowhere(dry: Relay, dry_routes: DryRoutes) -> None:
    """Not in a transform that names it either: it is not kept."""
    shape = "transform = '{\"token\": headers.authorization}'"
    (delivery,) = dry_routes(BOX, ALL, shape)["all"]["deliveries"]
    assert delivery["request"]["body"] == '{"token":"\\u0000"}'


def test_a_credential_that_is_not_at_hand(dry: Relay) -> None:
    """A signature without its secret is none; a url that is one cannot be told."""
    sign = 'sign = { type = "hmac", header = "X-Hub", secret = { credential = "box" } }'
    assert "    X-Hub: ***\n" in dry(BOX, sign, ALL).out
    done = dry('[target.box]\nurl = { credential = "box" }\n', ALL)
    assert "  → box\n    its url is a credential of systemd's, not at hand here: try sudo\n" in done.out
