"""Requests of the messaging API as shapes: a function of fields.py reads each field, and its schema stands beside it.

The API takes forms and JSON alike, so its fields are tolerant (integers as numbers, lists separated by commas), and each refusal has a
sentence of its own. So pydantic does not validate a field: the function does, and its refusal passes through unchanged. The schema for
the reference stands beside the function, in the same `FieldReader`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from handlers.wire.fields import LIST_MAX, Fields, read_name, read_number, read_numbers, read_words
from models.documents.phone import TEXT_MAX_CHARS
from models.errors import Malformed

Read = Callable[[Fields, str], Any]
Schema = Mapping[str, Any]
_ABSENT = object()

# STORABLE: no NUL. SAYING: also at least one character that is seen; white space, controls and default-ignorable characters are not.
STORABLE = r"^[^\u0000]*$"
_UNSEEN = (
    r"\s\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
SAYING = rf"^[^\u0000]*[^{_UNSEEN}][^\u0000]*$"
# With separators a number may be longer than its digits.
NUMBER: Schema = {
    "description": "A phone number in international form, with or without `+`. Spaces, dashes, `/.()`, invisible characters and `tel:` "
    "are left out, digits of any script are read, and spellings of one valid number are one number.",
    "anyOf": [
        {"type": "string", "pattern": r"^[ +./()\-]*[0-9][0-9 +./()\-]*$", "maxLength": TEXT_MAX_CHARS},
        {"type": "integer", "minimum": 0},
    ],
    "examples": ["4930901820"],
}
ACCOUNT: Schema = {**NUMBER, "description": "The number of the account that acts; yours if you have one."}
NUMBERS: Schema = {
    "description": "Phone numbers. Those that cannot be read are dropped; one that can must be left. A form repeats the field, or "
    "separates them by commas.",
    "type": "array",
    "items": NUMBER,
    "minItems": 1,
    "maxItems": LIST_MAX,
    "examples": [["4930901820", "4930901821"]],
}
GROUP_ID: Schema = {
    "description": "A group's id: its founder's number, a hyphen, the second in which it was founded.",
    "type": "string",
    "pattern": r"^[0-9]+-[0-9]+$",
    "examples": ["4930901820-1465200000"],
}


def text(max_chars: int, description: str = "", *examples: str, says_something: bool = False) -> Schema:
    """Returns the reader of a text of up to so many characters."""
    schema: dict[str, Any] = {
        "type": "string",
        "maxLength": max_chars,
        "pattern": SAYING if says_something else STORABLE,
    }
    if says_something:
        schema["minLength"] = 1
    if description:
        schema["description"] = description
    if examples:
        schema["examples"] = list(examples)
    return schema


def or_null(schema: Schema) -> Schema:
    """Returns the schema, with null as another way to leave the field out."""
    kept = {key: schema[key] for key in ("description", "examples") if key in schema}
    return kept | {"anyOf": [{key: value for key, value in schema.items() if key not in kept}, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Used in `Annotated`: the function that reads this field from all fields by its name, and the field's JSON schema."""

    read: Read
    schema: Schema = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: object, info: ValidationInfo) -> Any:
            name = info.field_name or ""
            return self.read({} if value is _ABSENT else {name: value}, name)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self.schema)


def as_given(fields: Fields, name: str) -> Any:
    """Reads nothing: the value is read elsewhere, together with others."""
    return fields.get(name)


def read_json(value: object, name: str) -> Any:
    """Returns a value that a form sends as JSON text, and any other as it is. Raises Malformed."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Malformed(f"{name}: must be JSON.") from None


class NothingShown(TypedDict):
    """An empty object: the request is done."""


class MessagingRequest(BaseModel):
    """The field of every request of the messaging API: its account (docs/rest.md, "Choice of account")."""

    model_config = ConfigDict(frozen=True)

    account: Annotated[object, FieldReader(as_given, ACCOUNT)] = None


AskedShape = TypeVar("AskedShape", bound=BaseModel)


def parse(shape: type[AskedShape], fields: Fields) -> AskedShape:
    """Returns the fields of a request. Raises Malformed and TooLong with the sentence of the first wrong field."""
    missing = {name: _ABSENT for name, info in shape.model_fields.items() if info.is_required() and name not in fields}
    try:
        return shape.model_validate({**fields, **missing})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise Malformed(f"{problem['loc'][0] if problem['loc'] else 'body'}: {problem['msg']}.") from None


def name_up_to(max_chars: int, description: str = "", *examples: str) -> FieldReader:
    """Returns the reader of an optional text of one line, which may be null or empty."""
    return FieldReader(
        lambda fields, name: read_name(fields, name, max_chars), or_null(text(max_chars, description, *examples))
    )


def words_up_to(max_chars: int, description: str = "", *examples: str) -> FieldReader:
    """Returns the reader of an optional text of several lines, which may be null or empty."""
    return FieldReader(
        lambda fields, name: read_words(fields, name, max_chars), or_null(text(max_chars, description, *examples))
    )


Number = Annotated[str, FieldReader(read_number, NUMBER)]
Numbers = Annotated[list[str], FieldReader(read_numbers, NUMBERS)]
