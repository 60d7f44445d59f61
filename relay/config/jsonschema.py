"""The file's JSON Schema, by which editors complete and check it."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from relay.config import api, auth, poll, preset, schema, verify
from relay.config.table import Table

DIALECT: Final = GenerateJsonSchema.schema_dialect


def json_schema() -> dict[str, Any]:
    """What `relay schema` prints; each key is described by the words that stand beside it in the source."""
    document = schema.Config.model_json_schema(by_alias=True, mode="validation")
    _allow_presets(document["$defs"])
    for model, key, words in _described():
        table = document["$defs"].get(model, {})
        if key in table.get("properties", {}):
            table["properties"][key]["description"] = words
    return {"$schema": DIALECT, **document, "title": "relay's configuration"}


def _allow_presets(tables: dict[str, Any]) -> None:
    """What a preset brings need not stand in the file, and its name is one of those that there are."""
    for model, kind in (("PollConfig", "poll"), ("WatchConfig", "watch")):
        table = tables[model]
        table["anyOf"] = [{"required": ["preset"]}, {"required": table.pop("required")}]
        table["properties"]["preset"] = {"type": "string", "enum": preset.names(kind)}
    del tables["ApiConfig"]["required"]


def _described() -> Iterator[tuple[str, str, str]]:
    """Each model, a key of it, and the docstring that follows the key."""
    for module in (schema, verify, api, auth, poll):
        yield from _described_in(module)


def _described_in(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    for model in ast.parse(inspect.getsource(module)).body:
        if not isinstance(model, ast.ClassDef) or not issubclass(getattr(module, model.name), Table):
            continue
        for field, words in zip(model.body, model.body[1:], strict=False):
            match field, words:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    yield (
                        model.name,
                        _alias(getattr(module, model.name), name),
                        inspect.cleandoc(text).replace("`", ""),
                    )


def _alias(model: type[Table], name: str) -> str:
    return str(model.model_fields[name].validation_alias or name)
