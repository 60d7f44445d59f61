"""A call that cannot be done, as a value: what was wrong with it, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass

from relay.config.choice import listed, meant


@dataclass(frozen=True, slots=True)
class Refused:
    """Becomes `{"error", "hint"}` with `status`."""

    error: str
    hint: str = ""
    status: int = 400


def no_such(kind: str, name: str, there: Iterable[str]) -> Refused:
    """404: `name` is none of the names `there`."""
    names = sorted(there)
    hint = meant(name, names) or (f"there are {listed(names)}" if names else f"there is no {kind} at all")
    return Refused(f"there is no {kind} {listed([name])}", hint, 404)
