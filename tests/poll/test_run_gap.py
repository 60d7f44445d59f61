"""Filling gaps over a real store: webhook and poll race, and every event is one."""

import asyncio

from relay.clock import micros
from relay.poll.cursor import Span
from relay.poll.gap import Fill, Source, look, wanted
from relay.poll.state import dump
from relay.store.progress import Advance
from tests.clock import START
from tests.poll.conftest import Stands
from tests.poll.provider import Provider, Says
from tests.poll.shop import NEWEST, Shop, scripted, things
from tests.poll.stand import Stand

FILLED = NEWEST.replace(
    'start = "all"', 'source = "shop"\ngap = { silence = "10m", on_start = true, audit = "6h" }'
)
PLAIN = """
source = "shop"
path = "/things"
items = "body"
id = "item.id"
gap = { silence = "10m" }
"""


async def look_and_fill(stand: Stand, started: int = START) -> Fill | None:
    """What the loop does: look at the webhook side, remember, say what is to be filled."""
    last = await stand.store.last_webhook("shop")
    source = Source(last, 600.0, started)
    state = look(stand.poll.config, stand.state, source, stand.clock.now())
    await stand.store.append([], advance=Advance("list", "", dump(state)))
    return wanted(stand.poll.config, state, source, stand.clock.now())


async def test_a_silence_is_filled(stands: Stands) -> None:
    """What the webhooks lost comes by poll, once; what they brought, and bring later, is a duplicate."""
    stand, shop = stands(FILLED), Shop(("old", -7200), ("w1", 0), ("lost1", 60), ("lost2", 120))
    await stand.webhook("w1", "shop")
    stand.later(599)
    fill = await look_and_fill(stand)
    # the start alone is filled at once; there was nothing before it
    assert fill == Fill(START)
    assert stand.state.point == START
    stand.later(301)
    assert (await stand.run(shop, fill=await look_and_fill(stand))).new == 2
    assert not await stand.webhook("lost2", "shop")
    assert await stand.webhook("w2", "shop")
    events = await stand.events()
    assert [(event.key, event.via) for event in events] == [
        ("w1", "webhook"),
        ("lost1", "poll"),
        ("lost2", "poll"),
        ("w2", "webhook"),
    ]


async def test_an_item_of_before_the_gap_is_left_alone(stands: Stands, provider: Provider) -> None:
    """A page reaches further back than the point: what was there before relay was is no gap."""
    stand = stands(
        FILLED.replace("limit = 2", "limit = 100").replace(', "created[gte]" = "${unix(since)}"', "")
    )
    shop = Shop(("ancient", -86400), ("before", -700), ("w1", 0), ("lost", 30))
    await stand.webhook("w1", "shop")
    stand.later(900)
    fill = await look_and_fill(stand)
    passed = await stand.run(shop, fill=fill)
    assert (passed.new, passed.known) == (1, 1)
    assert "ancient" not in await stand.keys()
    # it was not marked either: an audit from further back would bring it
    assert set(await stand.store.items("list", "", ["ancient", "before", "w1", "lost"])) == {"w1", "lost"}


async def test_a_fill_that_breaks_off_keeps_the_point(stands: Stands) -> None:
    """Over a restart, and whatever webhooks arrive meanwhile."""
    stand, shop = stands(FILLED), Shop(("w1", 0), ("lost1", 60), ("lost2", 120), ("lost3", 180))
    await stand.webhook("w1", "shop")
    stand.later(900)
    fill = await look_and_fill(stand)
    assert not (await stand.run(scripted(shop, Says(status=404)), fill=fill)).complete
    await stand.webhook("w2", "shop")
    stand.later(60)
    again = await look_and_fill(stand, started=START)
    assert again == fill
    assert (await stand.run(shop, fill=again)).complete
    assert set(await stand.keys()) == {"w1", "w2", "lost1", "lost2", "lost3"}
    assert stand.state.point is None


async def test_what_was_kept_no_more_is_told(stands: Stands) -> None:
    """A gap longer than the provider keeps its list: `relay.gap` of the source, once."""
    stand = stands(FILLED + 'retention = "1d"\n')
    await stand.webhook("w1", "shop")
    stand.later(3 * 86400)
    fill = await look_and_fill(stand)
    passed = await stand.run(Shop(("kept", 3 * 86400 - 60)), fill=fill)
    (missed,) = passed.missed
    assert (missed.since, missed.until) == (START, START + micros(2 * 86400))
    assert [(event.source, event.type) for event in (await stand.events())[1:]] == [
        ("shop", "relay.gap"),
        ("shop", "paid"),
    ]


async def test_a_list_without_times_fills_all_that_is_unknown(stands: Stands) -> None:
    """Nothing says what is of before: what no webhook brought is a gap; at the very first it is marked."""
    stand = stands(PLAIN)
    fill = Fill(START, fresh=True)
    assert (await stand.run(things(("a", 0), ("b", 1)), fill=fill)).new == 0
    await stand.webhook("c", "shop")
    passed = await stand.run(things(("a", 0), ("b", 1), ("c", 2), ("d", 3)), fill=Fill(START))
    assert (passed.new, await stand.keys()) == (1, ["c", "d"])


async def test_webhook_and_fill_at_the_same_moment(stands: Stands) -> None:
    """Both are appended before either is on disk: one event, however it came."""
    stand = stands(FILLED)
    await stand.webhook("w1", "shop")
    stand.later(900)
    fill = await look_and_fill(stand)
    late: list[asyncio.Task[bool]] = []

    def arrive(step: str) -> None:
        if step == "made":
            late.append(asyncio.create_task(stand.webhook("lost", "shop")))

    stand.reached = arrive
    passed = await stand.run(Shop(("w1", 0), ("lost", 60)), fill=fill)
    assert await late[0] + passed.new == 1
    assert await stand.keys() == ["w1", "lost"]


async def test_a_backfill_brings_what_was_before_the_start(stands: Stands) -> None:
    """A range of its own: also what was only marked, nothing twice, and the cursor stays where it is."""
    stand = stands(NEWEST.replace('start = "all"', ""))
    shop = Shop(("older", -9000), ("b", -8000), ("marked", -60), ("later", -1))
    await stand.run(shop)
    shop.add("new", 30)
    stand.later(60)
    await stand.run()
    state = stand.state
    since = START - micros(8500)
    reading = Span(stand.clock.now(), since, START, floor=since, ceiling=START, strict=True)
    told = await stand.run(reading=reading, rehearsal=True)
    assert [event.key for event in told.events] == ["b", "marked", "later"]
    assert [(await stand.run(reading=reading)).new for _ in range(2)] == [3, 0]
    assert await stand.keys() == ["new", "b", "marked", "later"]
    assert stand.state == state
