"""Enrichments of real providers, in their true shapes: a shop's order, a meeting that is over."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from relay.config.load import load
from relay.parts import parts_of
from tests.deliver.enriching import EnrichStand, bodies, says
from tests.target import ScriptedTarget

ENVIRON: Final = {"SHOPIFY_TOKEN": "shpat_1", "ZOOM_ID": "id", "ZOOM_SECRET": "word", "ZOOM_ACCOUNT": "acc"}
SHOPIFY: Final = """
[api.shopify]
url = "https://example.myshopify.com/admin/api/2025-07"
auth = { type = "header", name = "X-Shopify-Access-Token", value = { env = "SHOPIFY_TOKEN" } }
rate = "2/s"
burst = 40
[enrich.order]
on = 'event.type == "orders/create"'
api = "shopify"
path = "/orders/${event.data.id}.json"
put = "order"
data = "body.order"
missing = "retry"
within = "10m"
on_fail = "send"
[route.all]
from = ["shop"]
to = ["box"]
transform = '{"id": event.data.id, "total": get(order, "total_price", null)}'
"""
ZOOM: Final = """
[api.zoom]
url = "https://api.zoom.us/v2"
check = 'status == 400 && get(body, "code", 0) == 300 ? "restart" : null'
auth = { type = "oauth2", token_url = "https://zoom.us/oauth/token", client_id = { env = "ZOOM_ID" }, client_secret = { env = "ZOOM_SECRET" }, send = "basic", form = { grant_type = "account_credentials", account_id = { env = "ZOOM_ACCOUNT" } } }
[enrich.zoom-past]
on = 'event.type == "meeting.ended"'
api = "zoom"
path = "/past_meetings/${encode(event.data.uuid)}"
put = "meeting"
missing = "retry"
within = "1h"
[route.all]
from = ["shop"]
to = ["box"]
transform = '{"people": meeting.participants_count}'
"""  # noqa: E501  as a user may write it
REST: Final = """
[source.shop]
verify = "none"
[target.box]
url = "http://box.example/hooks"
"""


@pytest.mark.parametrize("toml", [SHOPIFY, ZOOM])
def test_they_load(tmp_path: Path, toml: str) -> None:
    """The tables are right as they stand."""
    file = tmp_path / "relay.toml"
    file.write_text(REST + toml)
    assert parts_of(load(file, environ=ENVIRON)).enrichments.all


async def test_an_order(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """Its event says that there is one, and the target gets it; not there yet, or never; not asked for."""
    serve(enriching, SHOPIFY, api, target)
    number = 820982911946154508
    api.script = [says({"errors": "Not Found"}, 404), says({"order": {"id": number, "total_price": "9.90"}})]
    api.rest = 404
    id = await enriching.event("orders/create", {"id": number})
    await enriching.idle()
    await enriching.go_on(5)
    first, second = api.requests
    assert first.line == f"GET /admin/api/2025-07/orders/{number}.json HTTP/1.1".encode() == second.line
    assert first.value("X-Shopify-Access-Token") == "shpat_1"
    assert bodies(target) == [{"id": number, "total": "9.90"}]
    assert await enriching.told(id) == ("delivered", 2, None)
    await enriching.event("orders/updated", {"id": 2})
    await enriching.event("orders/create", {"id": 3})
    await enriching.idle()
    assert bodies(target)[1:] == [{"id": 2, "total": None}]
    await enriching.go_on(600)
    assert bodies(target)[2:] == [{"id": 3, "total": None}]
    assert len(api.requests) == 4


async def test_a_meeting(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """Its id, which holds slashes, is encoded twice; a token is fetched first, once for all."""
    serve(enriching, ZOOM, api, target)
    api.script = [says({"access_token": "tok", "token_type": "bearer", "expires_in": 3600})]
    api.rest = says({"participants_count": 2})
    for _ in range(5):
        await enriching.event("meeting.ended", {"uuid": "/u//1=="})
    await enriching.idle()
    token, *asked = api.requests
    assert token.line == b"POST /oauth/token HTTP/1.1"
    assert {request.line for request in asked} == {
        b"GET /v2/past_meetings/%252Fu%252F%252F1%253D%253D HTTP/1.1"
    }
    assert {request.value("Authorization") for request in asked} == {"Bearer tok"}
    assert bodies(target) == [{"people": 2}] * 5


def serve(enriching: EnrichStand, toml: str, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """The file in force, but that all addresses are one of ours."""
    ours = re.sub(r"https://[^/\"]+", f"http://127.0.0.1:{api.port}", toml)
    enriching.environ = ENVIRON
    enriching.open(**tomllib.loads(ours), target={"box": {"url": target.url}})
