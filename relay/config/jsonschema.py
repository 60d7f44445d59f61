"""The file's JSON Schema, by which editors complete and check it."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from relay.config import schema

DIALECT: Final = GenerateJsonSchema.schema_dialect


def json_schema() -> dict[str, Any]:
    """What `relay schema` prints; each key is described by the words that stand beside it in `schema`."""
    document = schema.Config.model_json_schema(by_alias=True, mode="validation")
    for model, key, words in _described():
        table = document["$defs"].get(model, {})
        if key in table.get("properties", {}):
            table["properties"][key]["description"] = words
    return {"$schema": DIALECT, **document, "title": "relay's configuration"}


def _described() -> Iterator[tuple[str, str, str]]:
    """Each model, a key of it, and the docstring that follows the key."""
    for model in ast.parse(inspect.getsource(schema)).body:
        for field, words in zip(getattr(model, "body", ()), getattr(model, "body", ())[1:], strict=False):
            match field, words:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    assert isinstance(model, ast.ClassDef)
                    yield model.name, _alias(model.name, name), inspect.cleandoc(text).replace("`", "")


def _alias(model: str, name: str) -> str:
    return str(getattr(schema, model).model_fields[name].validation_alias or name)
