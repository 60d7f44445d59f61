"""Between choosing what may go and letting it go, somebody may ask for it again."""

from relay.clock import SECOND
from relay.store.protocol import Query, Replay
from relay.store.sqlite import prune
from relay.store.sqlite.store import SqliteStore
from tests.clock import START
from tests.store.words import delivered, found, put_many, replan, sound

LIMITS = prune.Limits(done=START + SECOND, dead=START + SECOND)


async def test_what_is_owed_is_never_chosen(store: SqliteStore) -> None:
    """Of the events of before the limits, those that are done."""
    ids = await put_many(store, 2)
    assert (await store._archive.run(prune.candidates, 0, LIMITS)).ticks == []
    await delivered(store)
    chosen = await store._archive.run(prune.candidates, 0, LIMITS)
    assert chosen.ticks == [store.ids.tick(id) for id in ids]


async def test_what_is_owed_again_since_it_was_chosen_stays(store: SqliteStore) -> None:
    """A replay that came between keeps its event, whole."""
    ids = await put_many(store, 2)
    await delivered(store)
    chosen = await store._archive.run(prune.candidates, 0, LIMITS)
    await store.replay(Query(ids=(ids[0],)), Replay(START), replan())
    assert await store._remove(chosen.ticks) == 1
    assert await found(store) == [ids[0]]
    await sound(store)
