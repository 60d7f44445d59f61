"""Answers of late: found again, bounded in bytes, and no older than the replay that asks."""

from relay.deliver.enrich_recent import EACH, Recent

NAME = ("e2", "order.1")


def test_found_again() -> None:
    """By event and key; the newest of that name."""
    recent = Recent("e1")
    recent.add(NAME, "1", 10)
    recent.add(NAME, "2", 20)
    assert recent.find(NAME, 0) == "2"
    assert recent.find(("e2", "order.2"), 0) is None
    assert recent.find(("e3", "order.1"), 0) is None


def test_older_than_a_replay() -> None:
    """What was asked for before it is not found; the store says whether there is a newer one."""
    recent = Recent("e1")
    recent.add(NAME, "1", 10)
    assert (recent.find(NAME, 11), recent.find(NAME, 10)) == (None, "1")
    assert recent.may_be_stored(NAME)


def test_only_of_older_events_the_store_has_to_be_asked() -> None:
    """Of those that came since the start every answer is here, until one has to go."""
    recent = Recent("e5", most=2 * EACH + 200)
    assert recent.may_be_stored(("e4", "a"))
    assert not recent.may_be_stored(("e6", "a"))
    for event in ("e6", "e8", "e7"):
        recent.add((event, "a"), "1", 0)
    assert recent.find(("e6", "a"), 0) is None
    assert [recent.may_be_stored((event, "b")) for event in ("e6", "e7", "e8")] == [True, False, False]


def test_bounded_in_bytes() -> None:
    """Those that were not asked for longest go first; what they take is what their text takes in memory."""
    recent = Recent("e1", most=100_000)
    for n in range(3):
        recent.add((f"e{n}", "a"), "ü" * 30_000, 0)
    assert recent.find(("e0", "a"), 0)
    recent.add(("e3", "a"), "x", 0)
    recent.add(("e4", "a"), "☃" * 20_000, 0)
    found = [n for n in range(5) if recent.find((f"e{n}", "a"), 0)]
    assert found == [0, 3, 4]
