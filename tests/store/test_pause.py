"""The pause between two large batches: as long as it is of use, and no longer."""

import asyncio

import pytest

from relay.store.pause import Pause
from relay.store.progress import Advance
from relay.store.protocol import Receipt
from relay.store.writer import FEW, Writer
from tests.store.disk import Disk, entry, turn

LONG = 3600.0
ADVANCE = Advance("list", "", "{}")


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


class Noted(Pause):
    """For how many it was to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.for_many: list[int] = []

    async def last(self, enough: int, seconds: float) -> None:
        del seconds
        self.for_many.append(enough)


@pytest.fixture
def noted(writer: Writer) -> Noted:
    writer._pause = noted = Noted()
    return noted


async def stored(writer: Writer, senders: int, passes: int = 0) -> None:
    """So many came at once, and were answered."""
    waiting = [writer.append([entry(f"s{n}")], None) for n in range(senders)]
    waiting += [writer.append([entry(f"p{n}")], None, ADVANCE) for n in range(passes)]
    await asyncio.gather(*waiting)
    await writer.flush()


@pytest.mark.parametrize(
    ("senders", "passes", "expected"),
    [(FEW, 0, []), (FEW + 1, 0, [FEW + 1]), (20, 1, [20]), (0, 20, []), (FEW, 20, [])],
)
async def test_the_writer_waits_for_senders(
    writer: Writer, noted: Noted, senders: int, passes: int, expected: list[int]
) -> None:
    """As many as there were, if they were not few; passes come when they come."""
    await stored(writer, senders, passes)
    assert noted.for_many == expected


async def test_the_writer_waits_for_nobody_who_is_there(disk: Disk, writer: Writer, noted: Noted) -> None:
    """As many came while it committed: the next commit begins at once."""
    later: list[asyncio.Future[list[Receipt]]] = []

    def come() -> None:
        disk.during = lambda: None
        later.extend(writer.append([entry(f"later{n}")], None) for n in range(20))

    disk.during = come
    await stored(writer, 20)
    await asyncio.gather(*later)
    assert (disk.sizes[:2], noted.for_many) == ([20, 20], [20])
