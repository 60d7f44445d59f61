"""relay's own events to a channel of Slack: as its incoming webhooks want them, and their url a secret."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from tests.clock import ManualClock
from tests.eventually import eventually
from tests.journeys.whole import SHOP, Relay, box, route
from tests.poll.provider import Asked, Provider, Says
from tests.target import Answer, ScriptedTarget

PATH: Final = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
TO_SLACK: Final = """
[target.slack]
url = { env = "SLACK_WEBHOOK_URL" }
rate = "1/s"

[route.alerts]
from = "relay"
to = "slack"
transform = '''
{"text": (body.count > 1 ? string(body.count) + " times: " : "")
    + body.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
'''
"""


def slack(asked: Asked) -> Says:
    """As an incoming webhook answers."""
    if (asked.method, asked.path) != ("POST", PATH):
        return Says(b"no_service", 404)
    if not asked.headers["content-type"].startswith("application/json"):
        return Says(b"invalid_payload", 400)
    try:
        text: Any = asked.json["text"]
    except (ValueError, TypeError, KeyError):
        return Says(b"invalid_payload", 400)
    return Says(b"ok") if text and isinstance(text, str) else Says(b"no_text", 400)


async def test_a_channel_is_told(
    tmp_path: Path, clock: ManualClock, target: ScriptedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each, its special characters escaped; Slack takes it, and its url stands nowhere."""
    target.rest = Answer(b"HTTP/1.1 422 <No> & no\r\nContent-Length: 0\r\n\r\n")
    tables = [SHOP, box(target.url, more="retry.schedule = []"), route("box"), TO_SLACK]
    async with Provider(slack) as channel:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", channel.url + PATH)
        with capture_logs() as logs:
            async with Relay(tmp_path, clock, *tables) as relay:
                ids = [await relay.post(str(number)) for number in range(3)]
                await eventually(lambda: len(channel.asked) == 1)

                def told_all() -> bool:
                    clock.advance(1)
                    return len(channel.asked) == 2

                await eventually(told_all)
                await relay.idle()
                assert "slack" not in (await relay.daemon.store.stats(0)).targets, "none waits or is dead"
    first, second = [asked.json["text"] for asked in channel.asked]
    why = "given up: schedule used up: answered 422 &lt;No&gt; &amp; no"
    assert first == f"delivery {ids[0]}-1 to box is {why}"
    assert second == f"2 times: delivery {ids[2]}-1 to box is {why}"
    assert {"relay.ready", "delivery.dead"} <= {log["event"] for log in logs}
    assert PATH not in json.dumps(logs, default=str)


def test_what_slack_would_refuse() -> None:
    """The stand-in refuses what Slack refuses."""
    assert slack(Asked("POST", PATH, {}, {"content-type": "text/plain"}, b'{"text":"x"}')).status == 400
    for body in (b"no", b"[]", b"{}", b'{"text":""}', b'{"text":1}'):
        assert slack(Asked("POST", PATH, {}, {"content-type": "application/json"}, body)).status == 400
