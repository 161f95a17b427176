"""Widens exact shapes to those of which client generators can make types; what that leaves out is said in words."""

from collections.abc import Mapping, Sequence

from handlers.rest.openapi.examples import has_type
from handlers.rest.openapi.shapes import Schema, resolve

_NULL: Schema = {"type": "null"}


def widen(schema: Schema, exact: Mapping[str, Schema], *, is_shown: bool = False) -> Schema:
    """Returns the schema without alternatives (except null), and open to further fields and, if it `is_shown`, to further values."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    sentences = _choices_in_words(schema)
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf", "allOf", "const")}
    for choices in (schema.get("anyOf"), schema.get("oneOf")):
        if choices is not None and not _is_of_fields(choices):
            kept = {**_joined(choices, exact, is_shown=is_shown), **kept}
    if "const" in schema or "enum" in schema:
        kept |= _of_values(schema.get("enum", [schema.get("const")]))
        if is_shown:
            sentences += _values_in_words(kept.pop("enum"))
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if "properties" in schema:
        kept["properties"] = {
            name: widen(each, exact, is_shown=is_shown) for name, each in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            kept[key] = widen(schema[key], exact, is_shown=is_shown)
    examples = [example for example in kept.pop("examples", ()) if _is_example(example, kept, exact)]
    return _describe_more(kept | ({"examples": examples} if examples else {}), sentences)


def _of_values(values: Sequence[object]) -> Schema:
    kind = {bool: "boolean", int: "integer", float: "number"}.get(type(values[0]), "string")
    return {"enum": list(values), "type": kind}


def _is_example(example: object, schema: Schema, exact: Mapping[str, Schema]) -> bool:
    """Replaces the example of a file, which is its name and not its content."""
    return schema.get("format") != "binary" and ("type" not in schema or has_type(example, schema, exact))


def _is_of_fields(choices: Sequence[Schema]) -> bool:
    return all(choice.keys() == {"required"} for choice in choices)


def _choices_in_words(schema: Schema) -> list[str]:
    """Returns in words which fields are needed together with those that always are."""
    found = []
    for choices in (schema.get("anyOf"), *(each.get("anyOf") for each in schema.get("allOf", ()))):
        if choices and _is_of_fields(choices):
            names = ["`" + "`, `".join(choice["required"]) + "`" for choice in choices]
            found.append(f"One of {', '.join(names[:-1])} and {names[-1]} is needed.")
    return found


def _values_in_words(values: Sequence[object]) -> list[str]:
    """Returns in words which texts are shown today; a client must not fail if one is added."""
    texts = [f"`{value}`" for value in values if isinstance(value, str)]
    return [f"One of {', '.join(texts)}; there may be more."] if len(texts) > 1 else []


def _joined(choices: Sequence[Schema], exact: Mapping[str, Schema], *, is_shown: bool) -> Schema:
    """Returns one schema in place of several: text for texts or numbers, and of several objects one with all of their fields."""
    flat = [each for choice in choices for each in _flat(choice)]
    union = [each for each in flat if each != _NULL]
    joined = widen(union[0], exact, is_shown=is_shown) if len(union) == 1 else _join(union, exact, is_shown=is_shown)
    return _or_null(joined) if _NULL in flat else joined


def _flat(choice: Schema) -> list[Schema]:
    """Yields the alternatives inside an alternative that says nothing else."""
    return [each for inner in choice["anyOf"] for each in _flat(inner)] if choice.keys() == {"anyOf"} else [choice]


def _join(union: Sequence[Schema], exact: Mapping[str, Schema], *, is_shown: bool) -> Schema:
    whole = [resolve(each, exact) for each in union]
    kinds = {each.get("type") for each in whole}
    if all("properties" in each for each in whole):
        return widen(_merged([widen(each, exact) for each in whole]), exact, is_shown=is_shown)
    if "string" in kinds and kinds <= {"string", "integer", "number"}:
        texts = [each for each in whole if each["type"] == "string"]
        return widen(texts[0], exact) if len(texts) == 1 else {"type": "string"}
    lists = [each for each in union if resolve(each, exact).get("type") == "array"]
    return widen(lists[0], exact) if lists else {}


def _merged(objects: Sequence[Schema]) -> Schema:
    fields: dict[str, list[Schema]] = {}
    for each in objects:
        for name, field in each["properties"].items():
            if field not in fields.setdefault(name, []):
                fields[name].append(field)
    required = [name for name in fields if all(name in each.get("required", ()) for each in objects)]
    properties = {name: _common(schemas) for name, schemas in fields.items()}
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _common(schemas: Sequence[Schema]) -> Schema:
    """Returns one schema in place of a field's several: with all of their values, or at least their type."""
    if len(schemas) == 1:
        return schemas[0]
    if all("enum" in each for each in schemas):
        return {**schemas[0], "enum": list(dict.fromkeys(value for each in schemas for value in each["enum"]))}
    kinds = {kind for each in schemas for kind in _types(each)}
    alone = [kind for kind in kinds if kind != "null"]
    if len(alone) != 1 or alone[0] in ("array", "object", "?"):
        return {}
    return _or_null({"type": alone[0]}) if "null" in kinds else {"type": alone[0]}


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type", "?")
    return kind if isinstance(kind, list) else [kind]


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, _NULL]} if schema else {}
    nullable = {**schema, "type": [*_types(schema), "null"]}
    return nullable | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def not_null(schema: Schema) -> Schema:
    kinds = [kind for kind in _types(schema) if kind != "null"]
    return {**schema, "type": kinds[0]} if len(kinds) == 1 and kinds != ["?"] else schema


def _describe_more(schema: Schema, sentences: Sequence[str]) -> Schema:
    words = " ".join([*filter(None, [schema.get("description")]), *sentences])
    return schema | ({"description": words} if words else {})
