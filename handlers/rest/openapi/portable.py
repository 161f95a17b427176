"""The published form of the document: the exact one, in shapes that client generators can turn into types.

The exact document says as much as JSON Schema can: which fields exclude each other, that a number may also be sent as an integer, that
an answer has no other fields, which codes come with which status. Generators turn much of that into methods that cannot be called, and
a closed answer would break a client when the server adds a field. So the published form is wider, never narrower: whatever fits the
exact one fits it too, and what it leaves out is said in words.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from handlers.rest.openapi.examples import example_of, has_type
from handlers.rest.openapi.shapes import PREFIX, Schema, referred, resolve
from handlers.rest.paths import is_messaging, is_oauth

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_NULL: Schema = {"type": "null"}
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
        shown = {**parameter, "schema": _not_null(widen(parameter["schema"], self._exact))}
        if parameter.get("required"):
            schema = parameter["schema"]
            shown["example"] = schema["examples"][0] if "examples" in schema else example_of(schema, self._exact)
        return shown

    def _body(self, operation: Schema) -> Schema:
        """Returns the body in one media type: of several, generators take the first, or join them to an unusable signature.

        That is a form if a file may be sent, else JSON. The introduction says that every body may also be a form.
        """
        body = operation["requestBody"]
        media = next(each for each in (MULTIPART, JSON, FORM) if each in body["content"])
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


def _not_null(schema: Schema) -> Schema:
    kinds = [kind for kind in _types(schema) if kind != "null"]
    return {**schema, "type": kinds[0]} if len(kinds) == 1 and kinds != ["?"] else schema


def _describe_more(schema: Schema, sentences: Sequence[str]) -> Schema:
    words = " ".join([*filter(None, [schema.get("description")]), *sentences])
    return schema | ({"description": words} if words else {})


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"_+", name))
