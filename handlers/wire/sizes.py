"""Computes how many bytes the longest request has that the limits of its fields permit, however a client escapes it."""

from collections.abc import Iterable, Mapping
from typing import Any

# A character beyond the Basic Multilingual Plane as two \uXXXX, or percent-encoded in a form. Other characters take less.
CHARACTER_BYTES = 12
NUMBER_BYTES = 32
TEXT_CHARS = 128  # for a text whose schema has no length, such as a number or a date
ITEM_BYTES = 32  # between two values: commas, brackets, indentation
FIELD_BYTES = 256  # for the name of a field, or the head of a part of a multipart form
FREE_BYTES = 16_384  # for an object whose schema names no field; its reader bounds it more closely

Schema = Mapping[str, Any]


def longest_text(chars: int) -> int:
    """Returns the bytes of a JSON text of so many characters, each escaped."""
    return 2 + CHARACTER_BYTES * chars


def longest_value(schema: Schema, named: Mapping[str, Schema]) -> int | None:
    """Returns the bytes of the longest JSON value that a schema permits, or None if something in it has no limit.

    A file in base64 and a list of any length have no limit. `named` has the schemas that it refers to by `#/$defs/`.
    """
    if "$ref" in schema:
        return longest_value(named[schema["$ref"].rpartition("/")[2]], named)
    choices = [each for key in ("anyOf", "oneOf") for each in schema.get(key, ()) if each.keys() - {"required"}]
    if choices:
        return _most(longest_value(each, named) for each in choices)
    kinds = schema.get("type", "object")
    if isinstance(kinds, list):
        return _most(longest_value({**schema, "type": kind}, named) for kind in kinds)
    match kinds:
        case "array":
            item = longest_value(schema.get("items", {}), named)
            return None if item is None or "maxItems" not in schema else schema["maxItems"] * (item + ITEM_BYTES)
        case "object":
            return _longest_object(schema, named)
        case "string" if "contentEncoding" in schema:
            return None
        case "string":
            return longest_text(schema.get("maxLength", TEXT_CHARS))
        case _:
            return NUMBER_BYTES


def _longest_object(schema: Schema, named: Mapping[str, Schema]) -> int | None:
    fields = [longest_value(each, named) for each in schema.get("properties", {}).values()]
    if not fields and "maxProperties" not in schema:
        return FREE_BYTES
    others = schema.get("additionalProperties")
    if "maxProperties" in schema and isinstance(others, dict):
        value = longest_value(others, named)
        fields.append(
            None if value is None else schema["maxProperties"] * (longest_text(NUMBER_BYTES) + ITEM_BYTES + value)
        )
    known = [size for size in fields if size is not None]
    return None if len(known) < len(fields) else sum(size + FIELD_BYTES for size in known)


def _most(sizes: Iterable[int | None]) -> int | None:
    known = [*sizes]
    return None if None in known else max(size for size in known if size is not None)
