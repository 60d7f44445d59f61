"""How long the names of events are remembered."""

from relay.config.schema import Config


def remembered_names(config: Config) -> float:
    """Seconds for which ids are remembered: never less than a gap fill may read back."""
    fills = [poll for poll in config.poll.values() if poll.gap is not None]
    reach = [2 * max(poll.overlap, poll.retention or 0.0, poll.window or 0.0) for poll in fills]
    return max(config.store.dedupe_window, *reach) if reach else config.store.dedupe_window
