"""Certificates and keys, read once when the configuration is loaded."""

import re
from typing import Annotated, Any, Final

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema

from relay.config.secret import Secret, read
from relay.config.types import Place, fault, quoted

MAX_BYTES: Final = 1 << 20
MARK: Final = b"-----BEGIN CERTIFICATE-----"
BARE: Final = re.compile(r"\s*M[CHI][A-Za-z0-9+/\s]{40}")
"""How PEM goes on behind its first line, which somebody left out: no error shows it as if it were a path."""


class Pem:
    """Its bytes; whether they are sound is told by who uses them. Never printed: it may hold a key."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __repr__(self) -> str:
        return f"Pem({len(self.content)} bytes)"

    def __eq__(self, other: object) -> bool:
        return self.content == other.content if isinstance(other, Pem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.content)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(repr)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


def _read(value: object, info: ValidationInfo) -> Pem:
    if isinstance(value, Pem):
        return value
    if not isinstance(value, str) or not value:
        raise fault("must be the path of a PEM file")
    place = info.context
    if not isinstance(place, Place):
        raise fault("needs a file to be relative to")
    path = place.folder / value
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise fault(f"the file {quoted(str(path))} cannot be read: {error.strerror}") from None
    except ValueError:
        raise fault("its path holds a NUL") from None
    if len(content) > MAX_BYTES or MARK not in content:
        raise fault(f"the file {quoted(str(path))} holds no certificates", "PEM, BEGIN CERTIFICATE")
    return Pem(content)


def _pem_secret(value: object, info: ValidationInfo) -> Secret:
    """A PEM file's path, or a secret that holds the PEM. In plain text only a private key is one to hide."""
    if not isinstance(value, str):
        return read(value, info)
    if "-----BEGIN " in value:
        return Secret(value, plain="PRIVATE KEY" in value)
    if BARE.match(value):
        raise fault("is neither the path of a PEM file nor PEM", "it begins with -----BEGIN")
    if not value:
        raise fault("must be the path of a PEM file", "or a secret that holds the PEM")
    return read({"file": value}, info)


PemSecret = Annotated[
    Secret, PlainValidator(_pem_secret, json_schema_input_type=Secret), PlainSerializer(str)
]
"""What holds a certificate or a private key; whether it is sound is told by who uses it."""
