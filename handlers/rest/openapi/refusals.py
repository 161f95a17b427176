"""Refusals in the reference: which come with which status, and in which shape."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from handlers import errors as shown
from handlers.rest.described import Route
from handlers.rest.openapi import texts
from handlers.rest.openapi.shapes import PREFIX, Schema
from handlers.rest.paths import is_messaging, is_oauth
from models import errors
from models.errors import DomainError, FieldErrors

JSON = "application/json"
SHAPES: Mapping[str, Any] = {
    "Refusal": shown.Refusal,
    "OAuthRefusal": shown.OAuthRefusal,
    "EventsRefusal": shown.EventsRefusal,
    "EventsNotFound": shown.EventsNotFound,
}
_ACCOUNT = (errors.WrongAccount, errors.AccountNotRegistered, errors.NoAccount)
_TOKEN = (errors.Unauthenticated, errors.SessionRevoked)
_BODY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


class Refusals:
    """The refusals of one operation: its own, and those of every operation of its kind."""

    def __init__(self, route: Route, *, is_outside: bool, reads_body: bool, chooses_account: bool) -> None:
        described = route.described
        if described is None:
            raise ValueError(f"{route.path} is not described")
        self._path = route.canonical
        self._kinds: dict[HTTPStatus, set[type[DomainError]]] = defaultdict(set)
        self._framework: set[HTTPStatus] = set()
        self._add(described.refuses)
        if ":" in self._path:  # a value that does not fit a parameter's pattern makes the path unknown
            self._framework.add(HTTPStatus.NOT_FOUND)
        if is_messaging(self._path) or is_oauth(self._path):
            self._of_messaging(is_outside=is_outside, reads_body=reads_body, chooses_account=chooses_account)
        else:
            self._of_events(is_outside=is_outside, is_public=described.is_public, reads_body=reads_body)

    def _of_messaging(self, *, is_outside: bool, reads_body: bool, chooses_account: bool) -> None:
        self._add([errors.Unavailable, errors.RateLimited])
        if not is_outside:
            self._add([*_TOKEN, *(_ACCOUNT if chooses_account else ())])
        if reads_body:
            self._add([errors.Malformed])
            self._framework.update(_BODY)

    def _of_events(self, *, is_outside: bool, is_public: bool, reads_body: bool) -> None:
        self._framework.add(HTTPStatus.NOT_ACCEPTABLE)
        self._add([errors.RateLimited])
        if is_outside:
            return
        self._add([errors.Unavailable, *_TOKEN, *(() if is_public else _ACCOUNT)])
        if reads_body:
            self._add([FieldErrors])
        if reads_body or not is_public:  # a route that takes no other fields still lets the body name the account
            self._add([errors.Malformed])
            self._framework.update(_BODY)

    def _add(self, kinds: Iterable[type[DomainError]]) -> None:
        for kind in kinds:
            self._kinds[shown.STATUS[kind]].add(kind)

    def responses(self, fields: Collection[str], *, is_one_object: bool) -> dict[str, Schema]:
        """Returns the responses by status. `fields` are the names that the events API's field errors may have; a list may have others."""
        about = _field_errors(fields, is_one_object=is_one_object)
        return {str(int(status)): self._response(status, about) for status in sorted({*self._kinds, *self._framework})}

    def _response(self, status: HTTPStatus, about: Schema) -> Schema:
        kinds = sorted(self._kinds.get(status, ()), key=lambda kind: kind.code)
        sentences = [f"`{self._name(kind)}`: {kind.text}" for kind in kinds if kind is not FieldErrors]
        if FieldErrors in kinds:
            sentences.append("Or, for each wrong field, the sentences about it.")
        if status in self._framework:
            sentences.append(f"`{self._framework_name(status)}`: {_FRAMEWORK[status]}")
        response: Schema = {
            "description": "\n\n".join(sentences),
            "content": {JSON: {"schema": self._schema(status, kinds, about)}},
        }
        headers: Schema = {}
        if errors.Unauthenticated in kinds:
            headers["WWW-Authenticate"] = texts.AUTHENTICATE
        if any(kind.retryable for kind in kinds):
            headers["Retry-After"] = texts.RETRY_AFTER
        return response | ({"headers": headers} if headers else {})

    def _name(self, kind: type[DomainError]) -> str:
        """Returns the code by which a program tells the refusal."""
        if is_oauth(self._path):
            return shown.oauth_code(kind)
        return kind.code if is_messaging(self._path) else f"parley.{kind.__name__}"

    def _framework_name(self, status: HTTPStatus) -> str:
        if is_oauth(self._path):
            return "invalid_request"
        return shown.framework_code(status) if is_messaging(self._path) else shown.framework_type(status)

    def _schema(self, status: HTTPStatus, kinds: list[type[DomainError]], about: Schema) -> Schema:
        names = {self._name(kind) for kind in kinds if kind is not FieldErrors}
        if status in self._framework:
            names.add(self._framework_name(status))
        if is_oauth(self._path):
            return _narrowed("OAuthRefusal", "error", names)
        if is_messaging(self._path):
            return _narrowed("Refusal", "code", names)
        return self._schema_of_events(status, kinds, about)

    def _schema_of_events(self, status: HTTPStatus, kinds: list[type[DomainError]], about: Schema) -> Schema:
        """Returns the shapes of these refusals on the events API (docs/events-api.md, "Refusals")."""
        schemas = [about] if FieldErrors in kinds else []
        plain = [kind for kind in kinds if not (kind is FieldErrors or shown.is_bare(kind) or shown.is_untyped(kind))]
        names = {self._name(kind) for kind in plain}
        is_untyped = any(shown.is_untyped(kind) for kind in kinds)
        if status in self._framework and status == HTTPStatus.NOT_FOUND:
            is_untyped = True
        elif status in self._framework:
            names.add(self._framework_name(status))
        if names:
            schemas.append(_narrowed("EventsRefusal", "_error_type", names))
        if is_untyped:
            schemas.append({"$ref": PREFIX + "EventsNotFound"})
        if any(shown.is_bare(kind) for kind in kinds):
            schemas.append({"type": "string"})
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


_FRAMEWORK: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: "The path holds no such thing as a number or an id.",
    HTTPStatus.NOT_ACCEPTABLE: "Only version 1.0 of this API is spoken here.",
    HTTPStatus.REQUEST_TIMEOUT: "The body comes too slowly, or not at all.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is neither form nor JSON, or not in UTF-8.",
}


def _narrowed(shape: str, field: str, names: Collection[str]) -> Schema:
    narrowed: Schema = {"$ref": PREFIX + shape, "properties": {field: {"enum": sorted(names)}}}
    return narrowed


def _field_errors(fields: Collection[str], *, is_one_object: bool) -> Schema:
    sentences: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    return {
        "type": "object",
        "properties": dict.fromkeys(sorted({*fields, "non_field_errors"}), sentences),
        "minProperties": 1,
        "additionalProperties": False if is_one_object else sentences,
    }
