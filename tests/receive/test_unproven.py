"""What is not proven yet costs little, and what proved it is not kept."""

import json
from typing import Any

import pytest

from relay.deliver.headers import Envelope
from relay.delivery import Delivery
from relay.event import MASKED, Event
from relay.receive.providers.declared import MOST_UNPROVEN
from relay.receive.verify.sns import CERTIFICATE
from tests.clock import START
from tests.receive.providers.posting import identity, post, provider, status
from tests.receive.stand import Stand
from tests.receive.wire import request


async def test_what_proves_a_sender_is_not_kept(stand: Stand) -> None:
    """Its token is in no row: it is not shown, and no target gets it, whatever the file says by then."""
    words = {"verify": {"type": "token", "header": "X-Token"}, "secret": "s3cr3t-token"}
    stand.put_in_force(source=words)
    said = await stand.ask(request("/in/shop", b"{}", "X-Token: s3cr3t-token", "X-Other: kept"))
    assert said.status == 200
    (event,) = await stand.events()
    assert dict(event.headers or ())[b"X-Token"] == MASKED
    assert dict(event.headers or ())[b"X-Other"] == b"kept"
    assert b"s3cr3t-token" not in stand.path.read_bytes() + stand.path.with_name("relay.db-wal").read_bytes()
    whole = Event(event.id, "shop", None, "t", "webhook", START, b"{}", event.headers or ())
    sent = Envelope({}).headers(Delivery("1", "1", "r", "t", 0, 0, START, whole))
    assert "X-Token" not in sent
    assert sent["X-Other"] == "kept"


@pytest.mark.parametrize(
    "words",
    [
        {"verify": {"type": "token", "json": "a.token"}},
        {"verify": {"type": "hmac", "json": "s", "signed": "{json:t}"}},
        {"provider": "mailgun"},
        {"provider": "microsoft-graph"},
    ],
)
def test_a_body_that_proves_itself_has_few_values(words: dict[str, Any]) -> None:
    """It is parsed for anybody, and as objects it is many times larger."""
    many = json.dumps([{}] * (MOST_UNPROVEN + 2)).encode()
    assert status(provider(secret="s", **words), post({}, many)) == 413
    assert status(provider(secret="s", **words), post({}, b"[{},{}]")) == 401


def test_handshakes_of_strangers_read_few_values() -> None:
    """Likewise, where one is answered before the check of the signature."""
    handshake = {"signed": False, "when": "body.type == 'ping'", "answer": "'pong'"}
    source = provider(verify={"type": "bearer"}, secret="s", handshake=[handshake])
    many = json.dumps([{}] * (MOST_UNPROVEN + 2)).encode()
    refused = source.greet(post({}, many), START, proven=False)
    assert getattr(refused, "status", None) == 413
    assert source.greet(post({}, b'{"type":"ping"}'), START, proven=False) is not None


def test_a_form_of_many_escapes_is_none() -> None:
    """Each costs a hundred bytes."""
    source = provider(verify="none", id="body.a")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert identity(source, post(form, b"a=" + b"%41" * 300_000)).key is None
    assert identity(source, post(form, b"a=" + b"%41" * 3)).key == "AAA"


@pytest.mark.parametrize(
    "host",
    [
        *("sns.s3-us-west-2.amazonaws.com", "sns.s3-accelerate.amazonaws.com", "sns.s3.amazonaws.com"),
        *(
            "sns.us-west-2.amazonaws.com.evil.net",
            "evil.net/sns.us-west-2.amazonaws.com",
            "sns.amazonaws.com",
        ),
    ],
)
def test_certificates_of_other_hosts(host: str) -> None:
    """A bucket may be called sns, too."""
    assert not CERTIFICATE.fullmatch(f"https://{host}/SimpleNotificationService-1.pem")
    assert CERTIFICATE.fullmatch("https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-1.pem")
    assert CERTIFICATE.fullmatch("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem")


def test_expressions_that_loop_are_known() -> None:
    """They are evaluated where nobody else waits for them."""
    for words, loops in (
        ({"id": "body.a"}, False),
        ({"id": "body.l.map(x, x)[0]"}, True),
        ({"type": "body.l.exists(x, x == 1) ? 'a' : 'b'"}, True),
        ({"handshake": [{"when": "body.l.all(x, x == 1)"}]}, True),
    ):
        assert provider(verify="none", **words).loops is loops
