"""By which names an event is known: `id`, `also`, `type` and `time` of a source's table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from relay.config.schema import SourceConfig
from relay.receive.providers.faults import Faults
from relay.receive.providers.field import DIGEST_HINT, HINT, Field, View, compile_field
from relay.receive.providers.protocol import Identity, Request
from relay.receive.providers.text import key_text, type_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Names:
    """Where the names stand in a request. What is left out, or not there, is as the provider says."""

    id: tuple[Field, ...] = ()
    """The first that is there."""
    also: tuple[Field, ...] = ()
    """All that are there."""
    type: tuple[Field, ...] = ()
    """The first that is there."""
    time: tuple[Field, ...] = ()
    """The first that names a moment."""

    def __bool__(self) -> bool:
        return bool(self.all)

    @property
    def all(self) -> tuple[Field, ...]:
        return (*self.id, *self.also, *self.type, *self.time)

    def of(self, request: Request, own: Identity) -> Identity:
        """What `request` says of its event, `own` where it says nothing."""
        view = View(request)
        named = _first(field.text(view) for field in self.id)
        key = own.key if named is None else key_text(named)
        kind = _first(field.text(view) for field in self.type)
        occurred = _first(field.time(view) for field in self.time)
        return Identity(
            key=key,
            type=own.type if kind is None else type_text(kind),
            occurred=own.occurred if occurred is None else occurred,
            also=tuple(name for name in self._also(view) or own.also if name != key),
        )

    def _also(self, view: View) -> tuple[str, ...]:
        found = (field.text(view) for field in self.also)
        return tuple(dict.fromkeys(key_text(text) for text in found if text is not None))


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def names(source: SourceConfig, faults: Faults) -> Names:
    """The names that a source's table tells; what is not understood is a fault."""
    return Names(
        id=_fields("id", source.id, faults, digest=True),
        also=_fields("also", source.also, faults),
        type=_fields("type", source.type, faults),
        time=_fields("time", source.time, faults),
    )


def _fields(key: str, texts: Sequence[str], faults: Faults, *, digest: bool = False) -> tuple[Field, ...]:
    found = []
    for text in texts:
        field = compile_field(text, digest=digest)
        if isinstance(field, Field):
            found.append(field)
        else:
            faults.add(key, f"{text!r}: {field}", DIGEST_HINT if digest else HINT)
    return tuple(found)
