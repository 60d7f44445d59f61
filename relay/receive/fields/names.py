"""By which names an event is known: `id`, `also`, `type` and `time` of a source's table."""

from collections.abc import Sequence
from dataclasses import dataclass

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.fields.field import DIGEST_HINT, HINT, Field, View, compile_field
from relay.receive.fields.text import key_text, type_text
from relay.receive.providers.protocol import Identity, Request


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
        return bool(self.id or self.also or self.type or self.time)

    def of(self, request: Request, own: Identity) -> Identity:
        """What `request` says of its event, `own` where it says nothing."""
        view = View(request)
        named, kind, occurred = _text(self.id, view), _text(self.type, view), _time(self.time, view)
        key = own.key if named is None else key_text(named)
        also = (self._also(view) if self.also else ()) or own.also
        return Identity(
            key,
            own.type if kind is None else type_text(kind),
            own.occurred if occurred is None else occurred,
            tuple([name for name in also if name != key]) if also else (),
        )

    def _also(self, view: View) -> tuple[str, ...]:
        found = [field.text(view) for field in self.also]
        return tuple(dict.fromkeys([key_text(text) for text in found if text is not None]))


def _text(fields: tuple[Field, ...], view: View) -> str | None:
    """The first that is there."""
    for field in fields:
        if (text := field.text(view)) is not None:
            return text
    return None


def _time(fields: tuple[Field, ...], view: View) -> int | None:
    """The first that names a moment."""
    for field in fields:
        if (at := field.time(view)) is not None:
            return at
    return None


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
