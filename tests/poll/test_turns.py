"""Passes at once: bounded, and no api's wait is another's."""

import asyncio

from relay.poll.turns import OF_ONE_API, Turns
from tests.eventually import eventually


async def test_an_api_that_waits_holds_up_no_other() -> None:
    """Its own passes stand in line; those of another api go."""
    turns, entered, go_on = Turns(), list[str](), asyncio.Event()

    async def pass_of(api: str) -> None:
        async with turns.of(api):
            entered.append(api)
            await go_on.wait()

    slow = [asyncio.ensure_future(pass_of("slow")) for _ in range(OF_ONE_API + 3)]
    await eventually(lambda: len(entered) == OF_ONE_API)
    other = asyncio.ensure_future(pass_of("other"))
    await eventually(lambda: "other" in entered)
    slow[-1].cancel()
    go_on.set()
    await asyncio.gather(*slow, other, return_exceptions=True)
    assert (entered.count("slow"), entered.count("other")) == (OF_ONE_API + 2, 1)
    async with turns.of("slow"):
        pass
