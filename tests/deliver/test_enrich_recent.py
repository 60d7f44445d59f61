"""Answers of late: found again, and bounded in bytes."""

from relay.deliver.enrich.recent import EACH, Recent

NAME = ("e2", "order.1")


def test_found_again() -> None:
    """By event and key; the newest of that name."""
    recent = Recent("e1")
    recent.add(NAME, "1")
    recent.add(NAME, "2")
    assert recent.find(NAME) == "2"
    assert recent.find(("e2", "order.2")) is None
    assert recent.find(("e3", "order.1")) is None


def test_only_of_older_events_the_store_has_to_be_asked() -> None:
    """Of those that came since the start every answer is here, until one has to go."""
    recent = Recent("e5", most=2 * EACH + 200)
    assert recent.may_be_stored(("e4", "a"))
    assert not recent.may_be_stored(("e6", "a"))
    recent.add(("e6", "a"), "1")
    assert recent.may_be_stored(("e6", "a"))
    for event in ("e6", "e8", "e7"):
        recent.add((event, "a"), "1")
    assert recent.find(("e6", "a")) is None
    assert [recent.may_be_stored((event, "b")) for event in ("e6", "e7", "e8")] == [True, False, False]


def test_bounded_in_bytes() -> None:
    """Those that were not asked for longest go first; what they take is what their text takes in memory."""
    recent = Recent("e1", most=100_000)
    for n in range(3):
        recent.add((f"e{n}", "a"), "ü" * 30_000)
    assert recent.find(("e0", "a"))
    recent.add(("e3", "a"), "x")
    recent.add(("e4", "a"), "☃" * 20_000)
    found = [n for n in range(5) if recent.find((f"e{n}", "a"))]
    assert found == [0, 3, 4]
