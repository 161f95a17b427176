"""Shapes of the events API's bodies, in which null stands for a field that is not given."""

from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import override

from handlers.wire.messaging.request import ACCOUNT, or_null


class Nullable(BaseModel):
    """Null for a field that need not be given is like leaving it out, so that what is shown can be sent back."""

    @model_validator(mode="before")
    @classmethod
    def _leave_nulls_out(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields
        return {
            name: value
            for name, value in given.items()
            if value is not None or name not in fields or fields[name].is_required()
        }

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler.resolve_ref_schema(handler(schema))
        needed = shown.get("required", ())
        for name, field in shown.get("properties", {}).items():
            if name not in needed and {"type": "null"} not in field.get("anyOf", ()):
                shown["properties"][name] = or_null(field)
        return shown


class ActingRequest(Nullable):
    """A body that may name the account which acts; handlers/rest/account_choice.py reads it."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = super().__get_pydantic_json_schema__(schema, handler)
        shown["properties"] = {**shown.get("properties", {}), "account": dict(ACCOUNT)}
        return shown
