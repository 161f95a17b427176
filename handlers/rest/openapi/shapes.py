"""JSON schemas of shapes: TypedDicts of answers and pydantic models of requests, each named once."""

from collections.abc import Hashable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema
from typing_extensions import override

PREFIX = "#/components/schemas/"
Mode = Literal["read", "shown"]
Schema = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """pydantic's generator without titles: the name of a field says as much."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def normalize_name(self, name: str) -> str:
        """Returns the name without the underscores that stand for brackets: `PageShown[UserShown]` is `PageShownUserShown`."""
        return super().normalize_name(name.replace("[", "").replace("]", ""))

    @override
    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> Schema:
        """Closes the schema: an answer has these fields and no others."""
        return {"additionalProperties": False} | super().typed_dict_schema(schema)

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        """Leaves defaults out: None and the factories here mean "not given", which clients cannot send."""
        return self.generate_inner(schema["schema"])


def schemas_of(shapes: Mapping[Hashable, tuple[Any, Mode]]) -> tuple[dict[Hashable, Schema], dict[str, Schema]]:
    """Returns the schema of each shape, by the keys given, and the named schemas that they refer to."""
    inputs = [
        (key, "serialization" if mode == "shown" else "validation", TypeAdapter(shape))
        for key, (shape, mode) in shapes.items()
    ]
    found, whole = TypeAdapter.json_schemas(
        inputs,  # type: ignore[arg-type] # the keys' and modes' types are narrower than pydantic's
        ref_template=PREFIX + "{model}",
        schema_generator=_Generator,
    )
    named = {name: _without_title(schema) for name, schema in whole.get("$defs", {}).items()}
    return {key: schema for (key, _), schema in found.items()}, named


def resolve(schema: Schema, named: Mapping[str, Schema]) -> Schema:
    """Returns the schema that this one refers to, or the schema itself."""
    reference = schema.get("$ref", "")
    return named[reference.removeprefix(PREFIX)] if reference else schema


def referred(node: object, named: Mapping[str, Schema]) -> set[str]:
    """Returns the names of the schemas that something refers to, and of those that these refer to in turn."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        match waiting.pop():
            case dict(fields):
                name = str(fields.get("$ref", "")).removeprefix(PREFIX)
                if name in named and name not in found:
                    found.add(name)
                    waiting.append(named[name])
                waiting.extend(fields.values())
            case list(items):
                waiting.extend(items)
    return found


def _without_title(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "title"}
