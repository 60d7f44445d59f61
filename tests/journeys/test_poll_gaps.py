"""The gap presets in a whole daemon, each against its provider's server: all that webhooks lost, once."""

from functools import partial
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.journeys.polling import Polling
from tests.journeys.providers.fake import LARGE, iso
from tests.journeys.providers.github import GitHub
from tests.journeys.providers.paypal import PayPal
from tests.journeys.providers.shopify import LIMITED, Shopify
from tests.journeys.providers.slack import CHANNEL, Slack, wrong
from tests.journeys.providers.stripe import LIMITED as STRIPE_LIMITED
from tests.journeys.providers.stripe import Stripe
from tests.journeys.providers.tables import api, preset, source
from tests.journeys.providers.zoom import WORN, Zoom
from tests.poll.provider import Provider, Says
from tests.target import ScriptedTarget

pytestmark = pytest.mark.usefixtures("logins")

MINUTE = 60.0
HOUR = 3600.0
GONE = Says({"message": "made up"}, status=500)


async def test_stripe(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Three pages that grow while they are read, a limit that says not how long, a 500, a late event."""
    stripe = Stripe(clock)
    stripe.event("evt_before", -60)
    async with (
        Provider(stripe) as server,
        Polling(
            tmp_path,
            clock,
            target,
            source("stripe"),
            preset("stripe-events") + api("stripe", server.url),
        ) as relay,
    ):
        for number in range(230):
            stripe.event(f"evt_{number}", 2.0 * number, amount=LARGE)
        stripe.upset({2: lambda: stripe.event("evt_new", 599), 3: STRIPE_LIMITED, 5: GONE, 6: STRIPE_LIMITED})
        await relay.pass_time(12 * MINUTE)
        stripe.event("evt_late", 300)
        await relay.pass_time(20 * MINUTE)
        await relay.once("stripe", [*(f"evt_{number}" for number in range(230)), "evt_new", "evt_late"])
        assert all(str(LARGE).encode() in request.body for request in target.requests[:230])


async def test_github_deliveries(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """One event for all deliveries of a guid, with its payload, though the quota is spent in the middle."""
    github = GitHub(clock)
    more = 'each = { repo = ["octo/hello"], hook = ["42"] }'
    async with Provider(github) as server:
        github.url = server.url
        poll = preset("github-deliveries", more) + api("github", server.url)
        async with Polling(tmp_path, clock, target, source("github"), poll) as relay:
            for number in range(130):
                github.delivery(LARGE + number, f"guid-{number}", 5.0 * number)
            github.delivery(LARGE + 200, "guid-7", 700)
            github.delivery(LARGE + 201, "star", 701, "star")
            after = {"Retry-After": "20"}
            spent = partial(github.spent, 2 * MINUTE)
            github.upset({2: Says({}, status=429, headers=after), 9: GONE, 40: spent})
            await relay.pass_time(15 * MINUTE)
            assert len(await relay.accepted("github")) < 130
            github.delivery(LARGE + 150, "late", 60)
            await relay.pass_time(20 * MINUTE)
            await relay.once("github", [*(f"guid-{number}" for number in range(130)), "late"])
            bodies = {request.body for request in target.requests}
            assert bodies == {b'{"guid":"guid-%d"}' % n for n in range(130)} | {b'{"guid":"late"}'}


async def test_slack(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Short pages, an empty one that is not the last, and all that can be wrong in an answer of 200."""
    slack = Slack(clock)
    poll = preset("slack-messages", f'each = {{ channel = ["{CHANNEL}"] }}')
    async with (
        Provider(slack) as server,
        Polling(tmp_path, clock, target, source("slack"), poll + api("slack", server.url)) as relay,
    ):
        keys = [slack.say(10 + n // 3, n) for n in range(14)]
        slack.upset(
            {
                2: Says({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"}),
                4: wrong("internal_error"),
                6: wrong("invalid_cursor"),
                8: wrong("ratelimited"),
            }
        )
        await relay.pass_time(35 * MINUTE)
        keys.append(slack.say(31 * MINUTE, 99))
        slack.upset({2: wrong("missing_scope")})
        await relay.pass_time(10 * MINUTE)
        await relay.once("slack", keys)


async def test_zoom(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """The token of the login ends in the middle, then that of the pages; a limit until a time of RFC 3339."""
    zoom = Zoom(clock)
    for number in range(10):
        zoom.end(f"/{number}==", -60.0 * number, LARGE + number)
    async with Provider(zoom) as server:
        zoom.upset({2: zoom.expire, 4: WORN, 6: GONE, 8: partial(zoom.limited, 40)})
        poll = preset("zoom-ended") + api("zoom", server.url)
        async with Polling(tmp_path, clock, target, source("zoom"), poll) as relay:
            await relay.pass_time(5 * MINUTE)
            assert zoom.given == 3  # the second ended in the middle
            # the report is late
            zoom.end("late", -HOUR, LARGE)
            zoom.upset({1: partial(zoom.limited, 1000)})
            await relay.pass_time(3 * HOUR)
            await relay.once("zoom", [f"meeting.ended:{row['uuid']}" for row in zoom.ended])


async def test_shopify(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Each order as its two webhooks, each once; what changes while it is read is an update more."""
    shopify = Shopify(clock)
    async with Provider(shopify) as server:
        shopify.url = server.url
        url = f"{server.url}/admin/api/2025-07"
        poll = preset("shopify-gap") + api("shopify", url)
        async with Polling(tmp_path, clock, target, source("shopify"), poll) as relay:
            rows = [shopify.order(LARGE + n, 60.0 + n, 60.0 + n) for n in range(8)]
            keys = [f"orders/{word}" for row in rows for word in _names(row)]

            def update() -> None:
                rows[1]["updated_at"] = iso(40 * MINUTE)

            shopify.upset({2: LIMITED, 4: GONE})
            await relay.pass_time(40 * MINUTE)
            await relay.once("shopify", keys)
            shopify.bucket = "40/40"
            shopify.upset({1: update})
            keys.append(f"orders/updated:{LARGE + 1}@{iso(40 * MINUTE)}")
            await relay.pass_time(30 * MINUTE)
            await relay.once("shopify", keys)


def _names(row: dict[str, object]) -> tuple[str, str]:
    return f"create:{row['id']}", f"updated:{row['id']}@{row['updated_at']}"


async def test_paypal(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Links to another host, no order, short pages; a token that ends, a wait until a date."""
    paypal = PayPal(clock)
    async with Provider(paypal) as server:
        paypal.elsewhere = f"http://localhost:{server.port}"
        poll = preset("paypal-events") + api("paypal", server.url, hosts=[f"localhost:{server.port}"])
        for number in (3, 9, 1, 4, 8, 2, 7, 5, 6, 0):
            paypal.event(f"WH-{number}", 100.0 * number - 3000)
        paypal.upset({2: paypal.expire, 4: paypal.limited, 5: GONE})
        async with Polling(tmp_path, clock, target, source("paypal", 'webhook_id = "1"'), poll) as relay:
            await relay.pass_time(5 * MINUTE)
            paypal.event("WH-late", -3300)
            await relay.pass_time(3 * HOUR)
            await relay.once("paypal", [str(row["id"]) for row in paypal.events])
