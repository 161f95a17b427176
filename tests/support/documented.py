"""Holds every answer that the tests see to the OpenAPI document: an undocumented status, header or field fails the test."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import hdrs, web
from jsonschema_rs import Draft202012Validator, Registry

from handlers.rest.described import Route
from handlers.rest.events.renditions import OUTSIDE as RENDITIONS
from handlers.rest.media import OUTSIDE as MEDIA
from handlers.rest.messaging.oauth import OUTSIDE as OAUTH
from handlers.rest.openapi.document import describe, shown_path
from handlers.rest.paths import is_messaging, is_oauth
from server.http import pages
from server.http.application import ROUTES
from server.metrics import PATH as METRICS

# What no answer may be; the tests' conftest asks after each test, and empties it.
undocumented: list[str] = []

URI = "urn:openapi"  # of the document, for the validators that refer to its schemas


def watch(app: web.Application) -> None:
    """Compare each answer of this application with its document, before it starts."""
    document = _document_of(app[ROUTES])

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        undocumented.extend(
            f"{request.method} {request.path} answered {response.status}: {slip}"
            for slip in document.slips(request, response)
        )

    app.on_response_prepare.append(look)


class _Document:
    """What /openapi.json says of the answers of an application that is made of these routes."""

    def __init__(self, described: Iterable[Route]) -> None:
        routes = list(described)
        # As aiohttp names them, without the patterns of their parameters.
        self._canonical = {(route.method, shown_path(route.path)): shown_path(route.canonical) for route in routes}
        self._whole = describe(routes, outside={*pages.OUTSIDE, *MEDIA, *OAUTH, *RENDITIONS, METRICS})
        self._registry = Registry([(URI, self._whole)])
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}

    def slips(self, request: web.Request, response: web.StreamResponse) -> Iterator[str]:
        """What the document does not say of this answer."""
        resource = request.match_info.route.resource
        if resource is None:
            if (
                request.method != hdrs.METH_OPTIONS
            ):  # of a browser that asks before it knows whether there is such a path
                yield from self._refusal_slips(request, response)
            return
        method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
        path = self._canonical.get((method, resource.canonical), "")
        operation = self._whole["paths"].get(path, {}).get(method.lower())
        if operation is None:
            return  # a page, a test's own route, a preflight; that none is forgotten is seen in test_openapi.py
        status = str(response.status)
        documented = operation["responses"].get(status)
        if documented is None:
            yield "this status is not documented"
            return
        for name, header in documented.get("headers", {}).items():
            if header.get("required") and name not in response.headers:
                yield f"header {name} is missing"
        place = ("paths", path, method.lower(), "responses", status, "content")
        yield from self._body_slips(place, documented.get("content", {}), request, response)

    def _body_slips(
        self, place: Sequence[str], content: Mapping[str, Any], request: web.Request, response: web.StreamResponse
    ) -> Iterator[str]:
        body = getattr(response, "body", None)
        if request.method == hdrs.METH_HEAD or (not content and not body):
            return
        kind = next((kind for kind in (response.content_type, "*/*") if kind in content), None)
        if kind is None:
            yield f"{response.content_type} is not documented"
        elif kind == "application/json":
            yield from self._fit(body, *place, kind, "schema")

    def _refusal_slips(self, request: web.Request, response: web.StreamResponse) -> Iterator[str]:
        """Of an unknown path, or of a known one with another method; a bad token and too many requests come before that."""
        if response.content_type != "application/json" or response.status not in (401, 404, 405, 429):
            yield f"there is no such path or method, and it says so in {response.content_type}"
            return
        if is_oauth(request.path):
            name = "OAuthRefusal"
        elif is_messaging(request.path):
            name = "Refusal"
        else:
            name = "EventsNotFound" if response.status == 404 else "EventsRefusal"
        if name in self._whole["components"]["schemas"]:
            yield from self._fit(getattr(response, "body", None), "components", "schemas", name)

    def _fit(self, body: bytes | None, *place: str) -> Iterator[str]:
        """What the schema at this place of the document does not say of a body."""
        if place not in self._validators:
            pointer = "/".join(quote(key.replace("~", "~0").replace("/", "~1")) for key in place)
            self._validators[place] = Draft202012Validator({"$ref": f"{URI}#/{pointer}"}, registry=self._registry)
        for error in self._validators[place].iter_errors(orjson.loads(body or b"")):
            yield f"{'.'.join(map(str, ('$', *error.instance_path)))}: {error.message[:500]}"


_documents: dict[object, _Document] = {}


def _document_of(routes: list[web.AbstractRouteDef]) -> _Document:
    """One document for all applications that are made of the same routes."""
    described = [route for route in routes if isinstance(route, Route)]
    made_of = tuple((route.method, route.path, route.canonical, route.handler.__qualname__) for route in described)
    if made_of not in _documents:
        _documents[made_of] = _Document(described)
    return _documents[made_of]
