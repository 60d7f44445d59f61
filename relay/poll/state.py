"""What is remembered of one part of a poll, over passes and restarts. Times in microseconds since 1970."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from relay.store.progress import Json


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional: of page 1, as the server wrote it, byte for byte."""

    request: str
    """A digest of the request that it answered."""
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class PartState:
    """A default one is a part that was never asked. Moments of the list are by the server's clock."""

    began: int | None = None
    """When the first pass was tried: where `start` counts from."""
    cursor: int | None = None
    """Up to here the list is read; `overlap` before it is read again."""
    complete: int | None = None
    """The start of the last pass that read all of its range."""
    listed: int | None = None
    """The start of the last such pass that brought the list itself, not a 304."""
    count: int = 0
    """How many items that one listed."""
    incomplete: bool = False
    """A pass since then did not get to the end: that a page is known does not end the next one."""
    skew: int = 0
    """The server's clock less our own."""
    validators: Validators | None = None
    words: str = ""
    """A digest of `id` and `change`, by which the items were named."""
    # of a poll with gap, by our own clock
    point: int | None = None
    """From here on webhooks may be missing: each complete fill moves it on, the last one closes it."""
    resumed: int | None = None
    """By then they had come again: a fill that reaches it is the last one."""
    audited: int | None = None
    """Up to here audits are complete."""
    started: int | None = None
    """The last start of the daemon that was taken for a gap."""
    # by our own clock
    passed: int | None = None
    """When the last pass ended."""
    due: int = 0
    """When the next one is."""
    interval: float = 0.0
    """Seconds that it waits."""
    error: str = ""
    """Why the last pass failed; empty: it did not."""
    failures: int = 0
    """How many failed in a row."""

    @property
    def failing(self) -> bool:
        return bool(self.error)


_FIELDS: Final = {field.name: field.type for field in fields(PartState)}


def dump(state: PartState) -> Json:
    """The document that the store keeps: only what is not as at the beginning."""
    told = {name: value for name, value in asdict(state).items() if value != getattr(_FRESH, name)}
    return json.dumps(told, separators=(",", ":"))


def load(document: Json | None) -> PartState:
    """The state of a document; what is not understood, of a later relay perhaps, is as at the beginning."""
    try:
        told = json.loads(document or "{}")
    except ValueError:
        return _FRESH
    if not isinstance(told, dict):
        return _FRESH
    sound = {name: _value(name, value) for name, value in told.items() if name in _FIELDS}
    return PartState(**{name: value for name, value in sound.items() if value is not None})


def _value(name: str, value: Any) -> Any:
    """The value if it is of the field's type; else None."""
    if name == "validators":
        texts = isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
        known = texts and value.keys() <= {"request", "etag", "modified"} and "request" in value
        return Validators(**value) if known else None
    wanted = type(getattr(_FRESH, name))
    if wanted is float and type(value) in {int, float}:
        return float(value)
    return value if type(value) is (int if wanted is type(None) else wanted) else None


_FRESH: Final = PartState()
