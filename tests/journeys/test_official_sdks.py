"""What reaches a target still verifies there with the sender's own SDK: body and headers are the sender's."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import standardwebhooks
import stripe
from slack_sdk.signature import Clock, SignatureVerifier

from relay.clock import SECOND
from relay.config.schema import SourceConfig
from relay.receive.providers.known import build
from relay.receive.providers.protocol import Sample
from tests.clock import START, ManualClock
from tests.journeys.whole import Relay, box, route
from tests.receive.wire import Wire, request
from tests.target import Arrived, ScriptedTarget

SECRETS: Final = {
    "stripe": "whsec_test_7f3a9c",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "github": "It's a Secret to Everybody",
}
ORACLES: Final = "RELAY_ORACLES"
"""The folder with the `node_modules` of tests/oracles/js/package.json."""


def from_stripe(secret: str, arrived: Arrived) -> None:
    stripe.WebhookSignature.verify_header(
        arrived.body.decode(), arrived.value("Stripe-Signature"), secret, tolerance=None
    )


def from_slack(secret: str, arrived: Arrived) -> None:
    class Then(Clock):
        def now(self) -> float:
            return START / SECOND

    headers = {name.decode(): value.decode() for name, value in arrived.headers}
    assert SignatureVerifier(secret, Then()).is_valid_request(arrived.body.decode(), headers)


def from_standard_webhooks(secret: str, arrived: Arrived) -> None:
    hook = standardwebhooks.Webhook(secret)
    headers = {name.decode().lower(): value.decode() for name, value in arrived.headers}
    at = datetime.fromtimestamp(START // SECOND, UTC)
    mac = hook.sign(headers["webhook-id"], at, arrived.body.decode())
    assert mac in headers["webhook-signature"].split()


def from_github(secret: str, arrived: Arrived) -> None:
    node, folder = shutil.which("node"), os.environ.get(ORACLES)
    if node is None or folder is None:
        pytest.skip(f"GitHub's is for node: npm install by tests/oracles/js, {ORACLES}=its folder")
    program = (
        'import { verify } from "@octokit/webhooks-methods";'
        "const chunks = []; for await (const chunk of process.stdin) chunks.push(chunk);"
        "const [secret, body, signature] = JSON.parse(Buffer.concat(chunks));"
        "process.exit((await verify(secret, body, signature)) ? 0 : 1);"
    )
    given = json.dumps([secret, arrived.body.decode(), arrived.value("X-Hub-Signature-256")])
    subprocess.run([node, "--input-type=module", "-e", program], input=given.encode(), cwd=folder, check=True)


CHECKS: Final[dict[str, Any]] = {
    "stripe": from_stripe,
    "slack": from_slack,
    "standard-webhooks": from_standard_webhooks,
    "github": from_github,
}


def signed(name: str) -> tuple[Sample, list[str]]:
    """Every sample of a preset would do; the first, and the headers that its sender adds."""
    table = {"provider": name, "secret": [SECRETS[name]]}
    provider = build(name, SourceConfig.model_validate(table), None)
    assert not isinstance(provider, list)
    sample = provider.samples()[0]
    return sample, [f"{key.decode()}: {value.decode()}" for key, value in provider.sign(sample, START)]


@pytest.mark.parametrize("name", CHECKS)
async def test_the_delivered_request_verifies(tmp_path: Path, clock: ManualClock, name: str) -> None:
    """Posted, delivered, and judged by the SDK that the sender's users have at the target."""
    sample, headers = signed(name)
    source = f'[source.sender]\nprovider = "{name}"\nsecret = "{SECRETS[name]}"\n'
    async with (
        ScriptedTarget() as target,
        Relay(tmp_path, clock, source, box(target.url), route("box")) as relay,
        Wire(relay.daemon.addresses["http"]) as sender,
    ):
        assert (await sender.ask(request("/in/sender", sample.body, *headers))).status == 200
        (arrived,) = await target.several(1)
    CHECKS[name](SECRETS[name], arrived)


def test_the_official_sdks_can_say_no() -> None:
    """A body with one byte more verifies with none of them."""
    for name in ("stripe", "slack", "standard-webhooks"):
        sample, headers = signed(name)
        pairs = [(key, value) for key, _, value in (line.encode().partition(b": ") for line in headers)]
        altered = Arrived(b"", pairs, sample.body + b" ", b"")
        with pytest.raises((AssertionError, stripe.SignatureVerificationError)):
            CHECKS[name](SECRETS[name], altered)
