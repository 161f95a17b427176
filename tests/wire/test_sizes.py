"""The longest value of a schema is at least as long as any client writes one."""

import json
from typing import Any

import pytest

from handlers.wire.sizes import longest_text, longest_value


@pytest.mark.parametrize("char", ["a", "я", "한", "😀", "\u0001", '"', "\\"])
@pytest.mark.parametrize("escaped", [True, False])
def test_a_text_fits_however_it_is_escaped(char: str, escaped: bool) -> None:
    assert len(json.dumps(char * 100, ensure_ascii=escaped).encode()) <= longest_text(100)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "maxLength": 9}, "😀" * 9),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00.000000+00:00"),
        ({"type": "integer"}, 2**63),
        ({"type": ["string", "null"], "maxLength": 9}, "😀" * 9),
        ({"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 9}]}, "😀" * 9),
        ({"type": "array", "maxItems": 5, "items": {"$ref": "#/$defs/Name"}}, [{"first": "😀" * 7}] * 5),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 3},
            dict.fromkeys("123", 2**32),
        ),
        ({"properties": {"a": {"type": "boolean"}}, "anyOf": [{"required": ["a"]}]}, {"a": False}),
    ],
)
def test_a_value_fits_however_it_is_indented(schema: dict[str, Any], value: object) -> None:
    named = {"Name": {"type": "object", "properties": {"first": {"type": "string", "maxLength": 7}}}}
    longest = longest_value(schema, named)
    assert longest is not None
    assert len(json.dumps(value, indent=4)) <= longest


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "contentEncoding": "base64"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"photo": {"type": ["string", "null"], "contentEncoding": "base64"}}},
        {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
    ],
)
def test_what_has_no_limit_is_none(schema: dict[str, Any]) -> None:
    assert longest_value(schema, {}) is None
