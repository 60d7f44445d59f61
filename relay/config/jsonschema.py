"""The file's JSON Schema, by which editors complete and check it."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from relay.config import api, auth, poll, preset, request, route, schema, target, verify
from relay.config.table import Table

DIALECT: Final = GenerateJsonSchema.schema_dialect


def json_schema() -> dict[str, Any]:
    """What `relay schema` prints; each key is described by the words that stand beside it in the source."""
    document = schema.Config.model_json_schema(by_alias=True, mode="validation")
    _allow_presets(document["$defs"])
    for model, key, words in _described():
        for table in (document["$defs"].get(name, {}) for name in _heirs(model)):
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


def _heirs(model: type[Table]) -> Iterator[str]:
    """The names of a table and of all that have its keys."""
    yield model.__name__
    for heir in model.__subclasses__():
        yield from _heirs(heir)


def _described() -> Iterator[tuple[type[Table], str, str]]:
    """Each model, a key of it, and the docstring that follows the key: what others inherit goes first."""
    for module in (request, schema, verify, api, auth, target, route, poll):
        yield from _described_in(module)


def _described_in(module: ModuleType) -> Iterator[tuple[type[Table], str, str]]:
    for found in ast.parse(inspect.getsource(module)).body:
        model = getattr(module, found.name) if isinstance(found, ast.ClassDef) else None
        if not isinstance(found, ast.ClassDef) or not (isinstance(model, type) and issubclass(model, Table)):
            continue
        for field, words in zip(found.body, found.body[1:], strict=False):
            match field, words:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    yield model, _alias(model, name), inspect.cleandoc(text).replace("`", "")


def _alias(model: type[Table], name: str) -> str:
    return str(model.model_fields[name].validation_alias or name)
