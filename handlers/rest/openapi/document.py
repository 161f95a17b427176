"""Builds the OpenAPI 3.1 document from the descriptions of the routes; nothing is written twice."""

import re
from collections.abc import Collection, Hashable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from handlers.rest.described import OperationSpec, Route
from handlers.rest.openapi import texts
from handlers.rest.openapi.refusals import JSON, SHAPES, Refusals
from handlers.rest.openapi.shapes import PREFIX, Mode, Schema, referred, resolve, schemas_of
from handlers.rest.paths import is_messaging, is_oauth
from handlers.wire.messaging.request import MessagingRequest

VERSION = "1.0"
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_PARAMETER = re.compile(r"\{([a-z_]+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")
_FILE: Schema = {"description": "The file.", "type": "string", "format": "binary"}


def describe(routes: Iterable[object], *, outside: Collection[str] = ()) -> Schema:
    """Returns the document of those routes that are described, each under its canonical path.

    `outside` are the paths on which tokens are not checked, as the identity middleware has them.
    """
    operations = {
        (route.canonical, route.method): _Operation(route, route.described, is_outside=route.path in outside)
        for route in reversed([route for route in routes if isinstance(route, Route)])
        if route.described is not None
    }
    shapes: dict[Hashable, tuple[Any, Mode]] = {("refusal", name): (shape, "shown") for name, shape in SHAPES.items()}
    for operation in operations.values():
        shapes |= operation.shapes()
    schemas, named = schemas_of(shapes)
    named |= {name: named.pop(schemas["refusal", name]["$ref"].removeprefix(PREFIX)) for name in SHAPES}
    paths: dict[str, Schema] = {}
    names: set[str] = set()
    for (path, method), operation in reversed(operations.items()):
        name = next(each for each in operation.names() if each not in names)
        names.add(name)
        paths.setdefault(shown_path(path), {})[method.lower()] = {"operationId": name, **operation.show(schemas, named)}
    return {
        "openapi": "3.1.0",
        "info": {"title": texts.TITLE, "version": VERSION, "description": texts.DESCRIPTION, "license": texts.LICENCE},
        "servers": [{"url": "/", "description": "The server that shows this."}],
        "security": [{"bearer": []}],
        "tags": _areas(paths),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: named[name] for name in sorted(referred(paths, named))},
        },
    }


def shown_path(path: str) -> str:
    """Returns a path without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _areas(paths: Iterable[str]) -> list[Schema]:
    about: dict[str, str] = {}
    for area, text in map(texts.area_of, paths):
        about[area] = about.get(area) or text
    return [{"name": area} | ({"description": text} if text else {}) for area, text in about.items()]


class _Operation:
    """One route as an entry of the document."""

    def __init__(self, route: Route, described: OperationSpec, *, is_outside: bool) -> None:
        self.route, self.described, self.is_outside = route, described, is_outside
        self.key = (route.canonical, route.method)
        self.is_lenient = is_messaging(route.canonical) or is_oauth(route.canonical)
        self.has_token = not (is_outside or described.is_public)
        shape = described.answers.get(200)
        # As server/http/etags.py adds them to JSON answers.
        self.has_tag = route.method == "GET" and shape is not None and not isinstance(shape, str)

    def names(self) -> Iterator[str]:
        """Yields operation ids: the handler's name with that of its routes; `AccountRoutes.show_nickname` is `account_show_nickname`.

        A handler of several operations is told apart by the method or the path.
        """
        *owners, handler = [part for part in self.route.handler.__qualname__.split(".") if part != "<locals>"]
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", owners[-1].removesuffix("Routes")).lower()] if owners else []
        name = "_".join([*words, handler])
        yield name
        yield f"{name}_by_{self.route.method.lower()}"
        yield "_".join([name, self.route.method.lower(), *re.findall(r"[a-z_]+", shown_path(self.route.canonical))])

    def shapes(self) -> dict[Hashable, tuple[Any, Mode]]:
        described = self.described
        shapes: dict[Hashable, tuple[Any, Mode]] = {
            (*self.key, status): (shape, "shown")
            for status, shape in described.answers.items()
            if shape is not None and not isinstance(shape, str)
        }
        if described.takes is not None:
            shapes[*self.key, "takes"] = (described.takes, "read")
        if described.query is not None:
            shapes[*self.key, "query"] = (described.query, "read")
        if self.has_token:
            shapes[*self.key, "account"] = (MessagingRequest, "read")
        return shapes

    def show(self, schemas: dict[Hashable, Schema], named: dict[str, Schema]) -> Schema:
        described, route = self.described, self.route
        takes, query = schemas.get((*self.key, "takes")), schemas.get((*self.key, "query"))
        read = [resolve(schema, named) for schema in (takes, query) if schema is not None]
        asked = {} if takes is None else resolve(takes, named)
        names_account = "account" in asked.get("required", ())  # the route's own, and not the acting account
        shown: Schema = {
            "tags": [texts.area_of(route.canonical)[0]],
            "summary": described.summary.removesuffix("."),
        }
        if described.description:
            shown["description"] = described.description
        parameters = [
            *_path_parameters(route.canonical),
            *([] if names_account else self._query(schemas, named)),
            *([texts.RANGE] if described.is_file else []),
            *([texts.IF_NONE_MATCH] if described.is_file or self.has_tag else []),
            *described.headers,
        ]
        if parameters:
            shown["parameters"] = parameters
        if takes is not None or described.file is not None or described.stream:
            shown["requestBody"] = self._body(takes, asked, named)
        refusals = Refusals(
            route,
            is_outside=self.is_outside,
            reads_body="requestBody" in shown or (self.is_lenient and self.has_token),
            chooses_account=not names_account,
        )
        fields: set[str] = {name for schema in read for name in schema.get("properties", {})}
        if described.file is not None:
            fields.add(described.file)
        fields.update(described.other_fields)
        is_one_object = "properties" in asked or takes is None
        responses = refusals.responses(fields, is_one_object=is_one_object) | self._answers(schemas)
        shown["responses"] = dict(sorted(responses.items()))
        if not self.has_token:
            shown["security"] = []
        return shown

    def _query(self, schemas: dict[Hashable, Schema], named: dict[str, Schema]) -> list[Schema]:
        """Returns the parameters of the query: its own fields, and the acting account."""
        shapes = (resolve(schemas[*self.key, of], named) for of in ("account", "query") if (*self.key, of) in schemas)
        by_name = {parameter["name"]: parameter for shape in shapes for parameter in _query_parameters(shape)}
        return list(by_name.values())

    def _body(self, takes: Schema | None, asked: Schema, named: dict[str, Schema]) -> Schema:
        described = self.described
        content: dict[str, Schema] = {}
        if takes is not None:
            content[JSON] = {"schema": takes}
            if asked.get("type", "object") == "object":
                content[FORM] = {"schema": takes}
        if described.file is not None:
            content[MULTIPART] = {"schema": _with_file(asked, described)}
        if described.stream:
            content[described.stream] = {"schema": _FILE | {"examples": [described.file_example]}}
        for kind in (FORM, MULTIPART):
            encoding = _encoding(asked, named)
            if encoding and kind in content:
                content[kind]["encoding"] = encoding
        is_needed = takes is None or bool(asked.keys() & {"required", "anyOf", "oneOf"})
        return {"required": is_needed, "content": content}

    def _answers(self, schemas: dict[Hashable, Schema]) -> dict[str, Schema]:
        shown: dict[str, Schema] = {}
        for status, shape in self.described.answers.items():
            response: Schema = {"description": HTTPStatus(status).phrase + "."}
            if isinstance(shape, str):
                response["content"] = {shape: {}}
            elif shape is not None:
                response["content"] = {JSON: {"schema": schemas[*self.key, status]}}
            shown[str(status)] = response
        if self.described.is_file:
            return shown | _file_answers(shown)
        return shown | _tagged_answers(shown) if self.has_tag else shown


def _path_parameters(path: str) -> list[Schema]:
    parameters = []
    for name, pattern in _PARAMETER.findall(path):
        known = texts.PATH_PARAMETERS.get(name, {})
        given = known.get("schema", {})
        schema = {"type": "string", "pattern": f"^{pattern or '[^/{}]+'}$"} if "type" not in given else {}
        schema |= given
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        parameters.append(parameter | ({"description": known["description"]} if "description" in known else {}))
    return parameters


def _query_parameters(schema: Schema) -> list[Schema]:
    parameters = []
    for name, field in schema.get("properties", {}).items():
        shown = {"name": name, "in": "query", "schema": {key: field[key] for key in field if key != "description"}}
        if name in schema.get("required", ()):
            shown["required"] = True
        about = field.get("description") or texts.QUERY_PARAMETERS.get(name)
        parameters.append(shown | ({"description": about} if about else {}))
    return parameters


def _with_file(asked: Schema, described: OperationSpec) -> Schema:
    """Returns the schema with a file field, and without the field that a file replaces."""
    name, instead_of = described.file or "", described.file_instead_of
    required = [each for each in asked.get("required", ()) if each != instead_of]
    choices = [{"anyOf": asked["anyOf"]}] if "anyOf" in asked else []
    if instead_of:
        choices.append({"anyOf": [{"required": [name]}, {"required": [instead_of]}]})
    elif name not in required:
        required.append(name)
    kept = {key: value for key, value in asked.items() if key not in ("anyOf", "required")}
    return {"type": "object", **kept} | {
        "properties": {**asked.get("properties", {}), name: _FILE | {"examples": [described.file_example]}},
        **({"required": required} if required else {}),
        **({"allOf": choices} if choices else {}),
    }


def _encoding(asked: Schema, named: dict[str, Schema]) -> Schema:
    """Returns the encoding of a form's fields: a list of objects is sent as JSON text."""
    return {
        name: {"contentType": JSON}
        for name, field in asked.get("properties", {}).items()
        if field.get("type") == "array" and resolve(field.get("items", {}), named).get("type") == "object"
    }


def _file_answers(shown: dict[str, Schema]) -> dict[str, Schema]:
    whole = shown["200"]
    headers = {"ETag": texts.ETAG, "Cache-Control": texts.CACHE}
    return {
        "200": whole | {"headers": headers},
        "206": whole | {"description": "The part.", "headers": headers | {"Content-Range": texts.CONTENT_RANGE}},
        "304": {"description": "You have it.", "headers": headers},
        "416": {"description": "There is no such part.", "headers": {"Content-Range": texts.CONTENT_RANGE}},
    }


def _tagged_answers(shown: dict[str, Schema]) -> dict[str, Schema]:
    headers = {"ETag": {**texts.ETAG, "required": False}, "Cache-Control": {**texts.CACHE, "required": False}}
    return {
        "200": shown["200"] | {"headers": headers},
        "304": {"description": "You have it.", "headers": headers},
    }
