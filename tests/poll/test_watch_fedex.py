"""The sheet's `[watch.fedex]` as it is written, against a carrier in FedEx's shape."""

import json

import pytest
from aiohttp import ClientSession

from relay.store.protocol import Store
from tests.poll.carrier import MOST, Carrier, Parcel, scanned
from tests.poll.provider import Provider
from tests.poll.watching import FEDEX, Watching
from tests.store.words import sound

DAY = 86_400


@pytest.fixture
def carrier(provider: Provider) -> Carrier:
    """It knows no parcel yet."""
    provider.answer = made = Carrier()
    return made


@pytest.fixture
def fedex(store: Store, session: ClientSession, provider: Provider) -> Watching:
    """The watch, under its name."""
    return Watching(store, session, provider, FEDEX, "fedex")


async def fulfil(fedex: Watching, *numbers: str, company: str = "FedEx") -> None:
    """An order goes out with each number."""
    for number in numbers:
        data = {"tracking_company": company, "tracking_number": number}
        await fedex.begin("orders/fulfilled", data)


async def all_due(fedex: Watching) -> int:
    """Turns until nothing is due; how many events they made."""
    new = 0
    while (wait := fedex.wait()) is not None and wait <= 0:
        new += (await fedex.turn()).new
    return new


async def test_thirty_numbers_are_one_request(fedex: Watching, carrier: Carrier) -> None:
    """Of many parcels each is told once for each status, whoever carries others is not asked."""
    numbers = [f"7946{n:08}" for n in range(70)]
    carrier.parcels = {number: [Parcel("PU", (scanned(0),))] for number in numbers}
    await fulfil(fedex, *numbers)
    await fulfil(fedex, "1Z999", company="UPS")
    assert await all_due(fedex) == 70
    assert carrier.sizes == [MOST, MOST, 10]
    for number in numbers[:5]:
        carrier.parcels[number][0].code = "IT"
    fedex.later(360)
    assert await all_due(fedex) == 5
    for number in numbers:
        carrier.parcels[number][0].code = "DL"
    fedex.later(DAY)
    assert await all_due(fedex) == 70
    assert fedex.wait() is None
    told = await fedex.told()
    assert len(told) == len(set(told)) == 145
    assert [type_ for key, type_ in told if str(key).startswith(numbers[0])] == [
        "tracking.PU",
        "tracking.IT",
        "tracking.DL",
    ]
    await sound(fedex.store)


async def test_a_number_that_is_unknown_yet(fedex: Watching, carrier: Carrier) -> None:
    """An error in the place of a result is no status: it is asked for again, with the others."""
    await fulfil(fedex, "1", "2")
    carrier.parcels["1"] = [Parcel("PU", (scanned(0),))]
    assert (await fedex.next()).new == 1
    carrier.parcels["2"] = [Parcel("PU", (scanned(0.1),))]
    fedex.later(DAY)
    turned = await fedex.turn()
    assert (turned.new, turned.poisoned, turned.error) == (1, 0, "")
    assert [key for key, _ in await fedex.told()] == ["1#1", "2#1"]


async def test_an_older_parcel_of_the_same_number(fedex: Watching, carrier: Carrier) -> None:
    """It is another one: that it was delivered a year ago ends nothing."""
    older = Parcel("DL", (scanned(-400), scanned(-402)), unique="0")
    carrier.parcels["1"] = [older]
    await fulfil(fedex, "1")
    assert (await fedex.next()).new == 0
    carrier.parcels["1"] = [older, Parcel("IT", (scanned(0.5, "+09:00"), scanned(0.1, "")))]
    assert (await fedex.next()).new == 1
    assert (await fedex.next()).new == 0
    carrier.parcels["1"][1].code = "DL"
    assert (await fedex.next()).ended == 1
    assert await fedex.told() == [("1#1", "tracking.IT"), ("1#2", "tracking.DL")]
    body = json.loads((await fedex.events())[1].body or b"")
    assert body["trackingNumberInfo"]["trackingNumberUniqueId"] == "1~1"


async def test_what_is_old_is_told_for_each_by_its_own_order(fedex: Watching, carrier: Carrier) -> None:
    """Two orders 25 days apart in one request: what is recent to the one was long before the other."""
    await fulfil(fedex, "1")
    fedex.later(25 * DAY)
    await fulfil(fedex, "2")
    scans = (scanned(-5), scanned(3))
    carrier.parcels = {"1": [Parcel("IT", scans)], "2": [Parcel("DL", scans, unique="0")]}
    assert (await fedex.turn()).new == 1
    assert carrier.sizes == [2]
    assert await fedex.told() == [("1#1", "tracking.IT")]


async def test_several_results_of_one_parcel(fedex: Watching, carrier: Carrier) -> None:
    """Two that stay as they are make two events, not two at each pass."""
    both = [Parcel("IT", (scanned(0),)), Parcel("OD", (scanned(0.1),), unique="2")]
    carrier.parcels["1"] = both
    await fulfil(fedex, "1")
    assert [(await fedex.next()).new for _ in range(3)] == [2, 0, 0]
    both[0].code = "OD"
    assert [(await fedex.next()).new for _ in range(2)] == [0, 0]
    both[0].code = "DL"
    assert (await fedex.next()).ended == 1
    assert [type_ for _, type_ in await fedex.told()] == ["tracking.IT", "tracking.OD", "tracking.DL"]


async def test_one_that_cannot_be_read_spoils_no_other(fedex: Watching, carrier: Carrier) -> None:
    """A scan without a date that can be read fails all of an answer: then each is asked for by itself."""
    carrier.parcels = {number: [Parcel("PU", (scanned(0),))] for number in "123"}
    carrier.parcels["2"] = [Parcel("PU", ("yesterday",))]
    await fulfil(fedex, "1", "2", "3")
    assert (await fedex.next()).new == 0
    assert (await fedex.next()).new == 2
    assert carrier.sizes == [3, 1, 1, 1]
    for parcels in carrier.parcels.values():
        parcels[0].code, parcels[0].scans = "CA", (scanned(0.2),)
    fedex.later(DAY)
    await all_due(fedex)
    assert fedex.wait() is None
    assert sorted(await fedex.told()) == [
        *[("1#1", "tracking.PU"), ("1#2", "tracking.CA"), ("2#1", "tracking.CA")],
        *[("3#1", "tracking.PU"), ("3#2", "tracking.CA")],
    ]
