"""The published form of the document: the exact one, in shapes that client generators can turn into types.

The exact document says as much as JSON Schema can: which fields exclude each other, that a number may also be sent as an integer, that
an answer has no other fields, which codes come with which status. Generators turn much of that into methods that cannot be called, and
a closed answer would break a client when the server adds a field. So the published form is wider, never narrower: whatever fits the
exact one fits it too, and what it leaves out is said in words.
"""

import re
from collections.abc import Collection, Mapping

from handlers.rest.openapi.examples import example_of
from handlers.rest.openapi.shapes import PREFIX, Schema, referred, resolve
from handlers.rest.openapi.widening import not_null, widen
from handlers.rest.paths import is_messaging, is_oauth

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_BYTES: Schema = {"type": "string", "format": "binary"}
_EVENTS_REFUSAL: Schema = {
    "type": "object",
    "description": (
        "The events API's: a sentence for people in `_error_message`, and mostly a type for programs in `_error_type`. "
        "Wrong fields are named instead, each with a list of sentences about it."
    ),
    "properties": {"_error_message": {"type": "string"}, "_error_type": {"type": "string"}},
}


def publish(document: Schema) -> Schema:
    """Returns the published form of an exact document, with an example of each request body and each successful answer."""
    document = _say_once(document)
    exact = document["components"]["schemas"]
    publisher = _Publisher(exact)
    paths = {
        path: {method: publisher.operation(path, operation) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    asked = referred([[each.get("parameters"), each.get("requestBody")] for each in _operations(document)], exact)
    schemas = {name: widen(schema, exact, is_shown=name not in asked) for name, schema in exact.items()}
    schemas |= publisher.named
    components = {
        **document["components"],
        "schemas": {name: schemas[name] for name in sorted(referred(paths, schemas))},
    }
    return {**document, "paths": paths, "components": components}


def _say_once(document: Schema) -> Schema:
    """Removes from bodies the fields that the query has too: they would be two arguments of one name.

    A body without other fields is removed.
    """
    named = dict(document["components"]["schemas"])
    paths: dict[str, Schema] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            asked = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            shown = dict(operation)
            if "requestBody" in shown:
                content = shown["requestBody"]["content"]
                kept = {media: _without_fields(each, asked, named) for media, each in content.items()}
                shown["requestBody"] = {**shown["requestBody"], "content": kept}
                if all(resolve(each["schema"], named).get("properties") == {} for each in kept.values()):
                    del shown["requestBody"]
            paths.setdefault(path, {})[method] = shown
    return {**document, "paths": paths, "components": {**document["components"], "schemas": named}}


def _without_fields(content: Schema, names: Collection[str], named: dict[str, Schema]) -> Schema:
    """Returns the content of one media type without these fields; a schema that it refers to is changed in `named`."""
    whole = resolve(content["schema"], named)
    if "properties" not in whole:
        return content
    kept = {**whole, "properties": {name: field for name, field in whole["properties"].items() if name not in names}}
    if "$ref" not in content["schema"]:
        return {**content, "schema": kept}
    named[content["schema"]["$ref"].removeprefix(PREFIX)] = kept
    return content


def _operations(document: Schema) -> list[Schema]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


class _Publisher:
    """Operations in their published form, and the schemas that only that form names."""

    def __init__(self, exact: Mapping[str, Schema]) -> None:
        self._exact = exact
        self.named: dict[str, Schema] = {"EventsRefusal": _EVENTS_REFUSAL}

    def operation(self, path: str, operation: Schema) -> Schema:
        shown = dict(operation)
        if "parameters" in operation:
            shown["parameters"] = [self._parameter(each) for each in operation["parameters"]]
        if "requestBody" in operation:
            shown["requestBody"] = self._body(operation)
        shown["responses"] = {
            status: self._response(path, status, response) for status, response in operation["responses"].items()
        }
        return shown

    def _parameter(self, parameter: Schema) -> Schema:
        """Returns the parameter without null, which neither a path nor a query can express."""
        shown = {**parameter, "schema": not_null(widen(parameter["schema"], self._exact))}
        if parameter.get("required"):
            schema = parameter["schema"]
            shown["example"] = schema["examples"][0] if "examples" in schema else example_of(schema, self._exact)
        return shown

    def _body(self, operation: Schema) -> Schema:
        """Returns the body in one media type: of several, generators take the first, or join them to an unusable signature.

        That is a form if a file may be sent, else JSON. The introduction says that every body may also be a form.
        """
        body = operation["requestBody"]
        media = next(each for each in (MULTIPART, JSON, FORM, *body["content"]) if each in body["content"])
        content = dict(body["content"][media])
        exact = content["schema"]
        content["schema"] = widen(exact, self._exact)
        if "properties" in content["schema"]:
            content["schema"] = self._name(operation, "Form" if media == MULTIPART else "Body", content["schema"])
        example = example_of(exact, self._exact, is_asked=True)
        return {**body, "content": {media: content | ({"example": example} if example else {})}}

    def _name(self, operation: Schema, suffix: str, schema: Schema) -> Schema:
        """Returns a reference to a body without a class, named after the class of its JSON fields or after the operation."""
        asked = operation["requestBody"]["content"].get(JSON, {}).get("schema", {})
        base = asked["$ref"].removeprefix(PREFIX) if "$ref" in asked else _pascal(operation["operationId"])
        name = base + suffix
        if self.named.setdefault(name, schema) != schema:
            name = _pascal(operation["operationId"]) + suffix
            self.named[name] = schema
        return {"$ref": PREFIX + name}

    def _response(self, path: str, status: str, response: Schema) -> Schema:
        content = {
            media: self._content(path, status, media, each) for media, each in response.get("content", {}).items()
        }
        return response | ({"content": content} if content else {})

    def _content(self, path: str, status: str, media: str, content: Schema) -> Schema:
        if media.startswith("text/"):
            return {"schema": {"type": "string"}}
        if media != JSON:
            return {"schema": _BYTES}
        if not status.startswith("2"):
            return {"schema": self._refusal(path, content["schema"])}
        example = example_of(content["schema"], self._exact)
        return {"schema": widen(content["schema"], self._exact, is_shown=True), "example": example}

    @staticmethod
    def _refusal(path: str, exact: Schema) -> Schema:
        """Returns one schema per API. A bare text, which some refusals of the events API are, has no schema that generators can read."""
        if is_oauth(path):
            return {"$ref": PREFIX + "OAuthRefusal"}
        if is_messaging(path):
            return {"$ref": PREFIX + "Refusal"}
        return {} if {"type": "string"} in [exact, *exact.get("anyOf", ())] else {"$ref": PREFIX + "EventsRefusal"}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"_+", name))
