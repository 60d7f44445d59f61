"""Secrets: read once when the file is loaded, shown to nobody but who asks with `reveal()`."""

import hmac
from pathlib import Path
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from relay.config.types import Place, fault, quoted

MASK: Final = "***"
MAX_BYTES: Final = 1 << 20
STAND_IN: Final = "0" * 64
"""What `relay check` takes for a credential that is not there: hex, base64 and text, so all can be built."""
SHAPES: Final = ("env", "file", "credential")
HINT: Final = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


class Secret:
    """A value that is never printed: not by str, repr, format, a dump, or an error."""

    __slots__ = ("_value", "missing", "plain")

    def __init__(self, value: str, *, plain: bool = False, missing: bool = False) -> None:
        self._value = value
        self.plain = plain
        """It stands in the file as it is."""
        self.missing = missing
        """A credential that is not there (in `relay check` only): the value is a stand-in."""

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda _secret: MASK),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, *[_shape(key) for key in SHAPES]]}


def _shape(key: str) -> dict[str, Any]:
    """The JSON Schema of `{ key = "…" }`."""
    return {
        "type": "object",
        "properties": {key: {"type": "string", "minLength": 1}},
        "required": [key],
        "additionalProperties": False,
    }


def read(value: object, info: ValidationInfo) -> Secret:
    """The secret that a value of the file names, or is."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(_usable(value, "the secret"), plain=True)
    place = info.context if info.context is not None else Place(Path())
    match value:
        case {"env": str(name), **rest} if name and not rest:
            return _from_env(name, place)
        case {"file": str(name), **rest} if name and not rest:
            return Secret(_read(place.folder / name, f"the file {quoted(str(place.folder / name))}"))
        case {"credential": str(name), **rest} if name and not rest:
            return _from_credential(name, place)
    raise fault("is no secret", f"write {HINT}")


def _from_env(name: str, place: Place) -> Secret:
    value = place.environ.get(name)
    if value is None:
        hint = "" if place.checking else 'restart the daemon with it, or use { file = "PATH" }'
        raise fault(f"the environment variable {quoted(name)} is not set", hint)
    return Secret(_usable(value, f"the environment variable {quoted(name)}"))


def _from_credential(name: str, place: Place) -> Secret:
    folder = place.environ.get("CREDENTIALS_DIRECTORY")
    if "/" in name or name in {".", ".."}:
        raise fault(f"{quoted(name)} is no name of a credential", "LoadCredential= in the unit names it")
    if folder is not None and (Path(folder) / name).exists():
        return Secret(_read(Path(folder) / name, f"the credential {quoted(name)}"))
    if place.checking:
        return Secret(STAND_IN, missing=True)
    raise fault(f"there is no credential {quoted(name)}", f"LoadCredential={name}:PATH in a unit of systemd")


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode()
    except UnicodeDecodeError:
        raise fault(f"{what} is not UTF-8 text") from None
    except OSError as error:
        raise fault(f"{what} cannot be read: {error.strerror}") from None
    except ValueError:
        raise fault("its path holds a NUL") from None
    if len(raw) > MAX_BYTES:
        raise fault(f"{what} is larger than 1 MiB")
    return _usable(text.removesuffix("\n").removesuffix("\r"), what)


def _usable(value: str, what: str) -> str:
    """Fail closed: anyone could sign with an empty secret."""
    if not value:
        raise fault(f"{what} is empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise fault(f"{what} is not UTF-8 text") from None
    return value
