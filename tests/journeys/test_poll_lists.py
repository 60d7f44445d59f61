"""The other presets in a whole daemon, each against its provider's server: every item and change once."""

from functools import partial
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.journeys.polling import Polling
from tests.journeys.providers.fake import LARGE, iso
from tests.journeys.providers.fedex import FedEx
from tests.journeys.providers.github import INTERVAL, GitHub
from tests.journeys.providers.paypal import PayPal
from tests.journeys.providers.shopify import LIMITED, Shopify
from tests.journeys.providers.stripe import LIMITED as STRIPE_LIMITED
from tests.journeys.providers.stripe import Stripe
from tests.journeys.providers.tables import api, preset
from tests.journeys.providers.zoom import WORN, Zoom
from tests.poll.carrier import Parcel, scanned
from tests.poll.provider import Provider, Says
from tests.receive.wire import signed
from tests.target import ScriptedTarget

pytestmark = pytest.mark.usefixtures("logins")

MINUTE = 60.0
HOUR = 3600.0
GONE = Says({"message": "made up"}, status=500)
REPO = 'each = { repo = ["octo/hello"] }'


async def test_stripe_payments(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Each state of a payment is an event, though the pages are read again in every pass."""
    stripe = Stripe(clock)
    rows = [stripe.payment(f"pi_{n}", -100.0 * n, "processing") for n in range(120)]
    stripe.upset({2: STRIPE_LIMITED, 3: GONE})
    async with Provider(stripe) as server:
        poll = preset("stripe-payments", 'start = "-1d"') + api("stripe", server.url)
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(MINUTE)
            rows[100]["status"] = "succeeded"
            await relay.pass_time(5 * MINUTE)
            rows[100]["status"] = "processing"
            stripe.payment("pi_late", -HOUR, "succeeded")
            stripe.upset({1: GONE, 2: GONE, 3: GONE, 4: GONE, 5: GONE})
            await relay.pass_time(HOUR)
            keys = [f"pi_{n}#1" for n in range(120)]
            await relay.once("stripe-payments", [*keys, "pi_100#2", "pi_100#3", "pi_late#1"])


async def test_github_events(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Pages that shift while they are read show items twice; what has not changed is 304."""
    github = GitHub(clock)
    for number in range(220):
        github.event(LARGE + number, -3600.0 + number)
    async with Provider(github) as server:
        github.url = server.url
        github.upset(
            {
                2: partial(github.event, LARGE + 500, -1),
                3: GONE,
                5: Says({}, status=429, headers={"Retry-After": "5"}),
            }
        )
        poll = preset("github-events", REPO, 'start = "-1d"') + api("github", server.url)
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(3 * INTERVAL)
            before = github.requests - github.unchanged
            await relay.pass_time(30 * MINUTE)
            assert (github.requests - github.unchanged, github.unchanged > 3) == (before, True)
            # one is told late, behind the first page; the quota is spent just then
            github.event(LARGE + 600, -HOUR)
            github.event(LARGE + 601, HOUR / 2)
            github.upset({2: partial(github.spent, 20 * MINUTE)})
            await relay.pass_time(2 * HOUR)
            await relay.once("github-events", [str(row["id"]) for row in github.events])


async def test_github_issues(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Issues that are updated while they are read hide no others; numbers over 2^53 stay what they are."""
    github = GitHub(clock)
    github.issues = {LARGE + number: -5000.0 + number for number in range(250)}
    async with Provider(github) as server:
        github.url = server.url

        def update() -> None:
            for number in range(20):
                github.issues[LARGE + number] = -10.0

        github.upset({2: update, 3: GONE, 4: partial(github.spent, 30)})
        poll = preset("github-issues", REPO, 'start = "-1d"') + api("github", server.url)
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(5 * MINUTE)
            keys = [f"{LARGE + number}@{iso(-5000.0 + number)}" for number in range(250)]
            keys += [f"{LARGE + number}@{iso(-10)}" for number in range(20)]
            github.issues[LARGE + 999] = -20.0
            await relay.pass_time(30 * MINUTE)
            await relay.once("github-issues", [*keys, f"{LARGE + 999}@{iso(-20)}"])


async def test_zoom_meetings(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """The whole list in each pass: a meeting that is renamed is an event, one that is gone is none."""
    zoom = Zoom(clock)
    zoom.planned = [{"id": LARGE + n, "topic": "plan", "start_time": iso(n * HOUR)} for n in range(8)]
    zoom.upset({2: zoom.expire, 4: WORN, 6: GONE, 8: partial(zoom.limited, 30)})
    async with Provider(zoom) as server:
        poll = preset("zoom-meetings", 'start = "all"') + api("zoom", server.url)
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(5 * MINUTE)
            zoom.planned[6]["topic"] = "another plan"
            del zoom.planned[2]
            zoom.upset({1: zoom.expire, 2: partial(zoom.limited, 600)})
            await relay.pass_time(HOUR)
            keys = [f"{LARGE + n}#1" for n in range(8)]
            await relay.once("zoom-meetings", [*keys, f"{LARGE + 6}#2"])


async def test_shopify_orders(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """A link is got as it stands; one order that is listed twice is one event, an update is another."""
    shopify = Shopify(clock)
    rows = [shopify.order(LARGE + n, -3000, -900.0 + n) for n in range(10)]
    keys = [f"{row['id']}@{row['updated_at']}" for row in rows]
    shopify.orders.insert(5, dict(rows[0]))
    async with Provider(shopify) as server:
        shopify.url = server.url
        shopify.upset({2: LIMITED, 4: GONE})
        poll = preset("shopify-orders") + api("shopify", f"{server.url}/admin/api/2025-07")
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(MINUTE)
            shopify.bucket = "39/40"
            late = shopify.order(LARGE + 77, -400, -400)
            rows[3]["updated_at"] = iso(50)
            keys += [f"{row['id']}@{row['updated_at']}" for row in (late, rows[3])]
            await relay.pass_time(10 * MINUTE)
            await relay.once("shopify-orders", keys)


async def test_paypal_transactions(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """One id for two transactions, one state after the other, and one that is told three hours late."""
    paypal = PayPal(clock)
    rows = [paypal.transaction(f"T{n // 2}", f"T000{n % 2}", -86400.0 * n) for n in range(8)]
    paypal.upset({2: paypal.expire, 4: paypal.limited, 5: GONE})
    async with Provider(paypal) as server:
        poll = preset("paypal-transactions") + api("paypal", server.url)
        async with Polling(tmp_path, clock, target, poll) as relay:
            await relay.pass_time(30 * MINUTE)
            rows[0] |= {"transaction_status": "S", "transaction_updated_date": iso(1000)}
            paypal.transaction("T-late", "T0006", -3 * HOUR)
            paypal.upset({1: paypal.expire, 2: GONE})
            await relay.pass_time(2 * HOUR)
            keys = [f"T{n // 2}:T000{n % 2}#1" for n in range(8)]
            await relay.once("paypal-transactions", [*keys, "T0:T0000#2", "T-late:T0006#1"])


SHOP = """
[source.shop]
verify = { type = "hmac", header = "X-Signature", prefix = "sha256=" }
secret = "shop-secret"
id = "body.id"
type = '"orders/fulfilled"'
"""


async def test_fedex(tmp_path: Path, clock: ManualClock, target: ScriptedTarget) -> None:
    """Each state of each parcel once: numbers used again, unknown ones, a token that ends, a limit."""
    fedex = FedEx(clock)
    old = Parcel("DL", (scanned(-400),), "0")
    for n in range(35):
        fedex.carrier.parcels[f"7{n:011d}"] = [old, Parcel("PU", (scanned(0),))]
    del fedex.carrier.parcels["700000000034"]
    fedex.upset({2: fedex.expire, 4: Says({}, status=429, headers={"Retry-After": "30"}), 6: GONE})
    async with Provider(fedex) as server:
        watch = preset("fedex", kind="watch") + api("fedex", server.url)
        async with Polling(tmp_path, clock, target, SHOP, watch) as relay:
            for n in range(35):
                body = b'{"id":"order-%d","tracking_company":"FedEx","tracking_number":"7%011d"}' % (n, n)
                assert (await relay.ask(signed(body))).status == 200
            await relay.still()
            for code in ("IT", "DL"):
                await relay.pass_time(3 * HOUR)
                for number in fedex.carrier.parcels:
                    fedex.carrier.parcels[number][1].code = code
                date = {"Retry-After": fedex.date}
                fedex.upset({1: fedex.expire, 2: Says({}, status=429, headers=date), 3: GONE})
            await relay.pass_time(5 * HOUR)
            keys = [f"7{n:011d}#{k}" for n in range(34) for k in (1, 2, 3)]
            await relay.once("fedex", keys)
            assert max(fedex.carrier.sizes) <= 30
            assert await relay.daemon.store.due_watches("fedex", clock.now() + 10**14, 9) != []
