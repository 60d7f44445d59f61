"""What the tables of the file are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic import StrictStr as Str

from relay.config.secret import Secret
from relay.config.types import fault


def default(text: str | tuple[str, ...]) -> Any:
    """A default as the file would write it: read like the file's own text, and shown so by `relay schema`."""
    return Field(default=text, validate_default=True)


def several(value: object) -> object:
    """One is as good as a list of one."""
    return [value] if isinstance(value, str | dict | Secret) else value


def _one(value: object) -> object:
    if isinstance(value, list):
        raise fault("takes one, not a list")
    return (value,) if isinstance(value, str) else value


class Table(BaseModel):
    """A table of the file. Unknown keys are errors; what was given is never shown in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


Texts = Annotated[tuple[Str, ...], BeforeValidator(several, tuple[Str, ...] | Str)]
OneText = Annotated[tuple[Str, ...], BeforeValidator(_one), WithJsonSchema({"type": "string"})]
Secrets = Annotated[tuple[Secret, ...], BeforeValidator(several, tuple[Secret, ...] | Secret)]
