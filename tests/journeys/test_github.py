"""Genuine GitHub payloads, from the sender to the target and no byte different."""

import hashlib
import hmac
import uuid
from pathlib import Path

import orjson
import pytest

from tests.clock import ManualClock
from tests.journeys.whole import Relay, box, route
from tests.receive.wire import Wire, request
from tests.target import ScriptedTarget

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "github"
PAYLOADS = sorted(CORPUS.glob("*.json"))
KEY = b"It's a Secret to Everybody"
GITHUB = f'[source.github]\nprovider = "github"\nsecret = "{KEY.decode()}"\n'


def headers(path: Path, body: bytes) -> list[str]:
    """What GitHub sends along."""
    return [
        "Accept: */*",
        "Content-Type: application/json",
        "User-Agent: GitHub-Hookshot/044aadd",
        f"X-GitHub-Delivery: {uuid.uuid5(uuid.NAMESPACE_URL, path.stem)}",
        f"X-GitHub-Event: {path.stem}",
        "X-GitHub-Hook-ID: 292430182",
        f"X-Hub-Signature: sha1={hmac.new(KEY, body, 'sha1').hexdigest()}",
        f"X-Hub-Signature-256: sha256={hmac.new(KEY, body, hashlib.sha256).hexdigest()}",
    ]


def type_of(path: Path, body: bytes) -> str:
    action = orjson.loads(body).get("action")
    return f"{path.stem}.{action}" if isinstance(action, str) else path.stem


@pytest.mark.skipif(not PAYLOADS, reason="the payloads lie beside the project, in shared/corpus/github")
async def test_every_payload_bit_for_bit(tmp_path: Path, clock: ManualClock) -> None:
    """Signed, posted, delivered with the sender's headers; the signature verifies again at the target."""
    assert len(PAYLOADS) == 58
    async with (
        ScriptedTarget() as target,
        Relay(tmp_path, clock, GITHUB, box(target.url), route("box")) as relay,
        Wire(relay.daemon.addresses["http"]) as github,
    ):
        bodies = {path: path.read_bytes() for path in PAYLOADS}
        posts = {path: request("/in/github", body, *headers(path, body)) for path, body in bodies.items()}
        ids = {path: (await github.ask(raw)).headers["Relay-Event-Id"] for path, raw in posts.items()}
        arrived = {each.value("Relay-Event-Id"): each for each in await target.several(58)}
        for path, body in bodies.items():
            got = arrived[ids[path]]
            assert got.body == body
            sent = [tuple(line.encode().split(b": ", 1)) for line in headers(path, body)]
            assert [each for each in got.headers if each in sent] == sent
            mac = "sha256=" + hmac.new(KEY, got.body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(got.value("X-Hub-Signature-256"), mac)
            assert got.value("Relay-Type") == type_of(path, body)
        for path, raw in posts.items():
            said = await github.ask(raw)
            assert (said.status, said.headers["Relay-Duplicate"]) == (200, "true")
            assert said.headers["Relay-Event-Id"] == ids[path]
        await relay.idle()
        assert len(target.requests) == 58
        audit = await relay.daemon.store.audit()
        assert audit.ok
        assert (audit.events["accepted"], audit.deliveries["delivered"]) == (58, 58)
