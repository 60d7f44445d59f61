"""The pause between two large batches: as long as it is of use, and no longer."""

import asyncio

from relay.store.pause import Pause

LONG = 3600.0


async def turn() -> None:
    """Return when the loop has gone round."""
    round = asyncio.Event()
    asyncio.get_running_loop().call_soon(round.set)
    await round.wait()


async def test_it_ends_when_enough_has_come() -> None:
    """However much of its time is left."""
    pause = Pause()
    lasting = asyncio.ensure_future(pause.last(3, LONG))
    await turn()
    pause.came(2)
    await turn()
    assert not lasting.done()
    pause.came(3)
    await lasting


async def test_it_ends_with_its_time() -> None:
    """However little has come."""
    await Pause().last(3, 0.0)


async def test_what_came_before_it_does_not_end_it() -> None:
    """Nor does what ended the one before."""
    pause = Pause()
    pause.came(9)
    first = asyncio.ensure_future(pause.last(3, LONG))
    await turn()
    pause.came(3)
    pause.came(4)
    await first
    second = asyncio.ensure_future(pause.last(3, LONG))
    await turn()
    await turn()
    assert not second.done()
    second.cancel()
