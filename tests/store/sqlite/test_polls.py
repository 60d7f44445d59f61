"""What a slice of a list's items is between its two halves: found by a reader, removed by the writer."""

from relay.store.sqlite import polls
from relay.store.sqlite.store import SqliteStore
from tests.clock import START
from tests.store.words import items, stored


async def test_what_is_listed_again_between_them_stays(store: SqliteStore) -> None:
    """Found to be old, then listed by a pass: the writer looks again."""
    await stored(store, items=items("a", "b"))
    old = await store._archive.run(polls.find_old, "list", None, (0, b""), START + 1)
    assert len(old.names) == 2
    await stored(store, items=items("b", at=START + 1))
    await store._change(polls.drop_old, old, START + 1)
    assert set(await store.items("list", "", ["a", "b"])) == {"b"}
