"""Holds every answer that the tests see to the OpenAPI document: an undocumented status, header or field fails the test."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiohttp import hdrs, web
from jsonschema import Draft202012Validator

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


def watch(app: web.Application) -> None:
    """Compare each answer of this application with its document, before it starts."""
    routes = app[ROUTES]
    document = _Document(routes)

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        undocumented.extend(
            f"{request.method} {request.path} answered {response.status}: {slip}"
            for slip in document.slips(request, response)
        )

    app.on_response_prepare.append(look)


class _Document:
    def __init__(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        described = [route for route in routes if isinstance(route, Route)]
        # As aiohttp names them, without the patterns of their parameters.
        self._canonical = {(route.method, shown_path(route.path)): shown_path(route.canonical) for route in described}
        self._whole = _describe(described)

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
        documented = operation["responses"].get(str(response.status))
        if documented is None:
            yield "this status is not documented"
            return
        for name, header in documented.get("headers", {}).items():
            if header.get("required") and name not in response.headers:
                yield f"header {name} is missing"
        yield from self._body_slips(documented.get("content", {}), request, response)

    def _body_slips(
        self, content: Mapping[str, Any], request: web.Request, response: web.StreamResponse
    ) -> Iterator[str]:
        body = getattr(response, "body", None)
        if request.method == hdrs.METH_HEAD or (not content and not body):
            return
        kind = next((kind for kind in (response.content_type, "*/*") if kind in content), None)
        if kind is None:
            yield f"{response.content_type} is not documented"
        elif kind == "application/json":
            yield from self._fit(json.loads(body or b""), content[kind]["schema"])

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
        schemas = self._whole["components"]["schemas"]
        if name in schemas:
            yield from self._fit(json.loads(getattr(response, "body", b"")), schemas[name])

    def _fit(self, shown: object, schema: Mapping[str, Any]) -> Iterator[str]:
        whole = {**schema, "components": self._whole["components"]}
        for error in Draft202012Validator(whole).iter_errors(shown):
            yield f"{error.json_path}: {error.message[:500]}"


_described: dict[object, dict[str, Any]] = {}


def _describe(routes: Sequence[Route]) -> dict[str, Any]:
    """One document for all applications that are made of the same routes."""
    made_of = tuple((route.method, route.path, route.canonical, route.handler.__qualname__) for route in routes)
    if made_of not in _described:
        _described[made_of] = describe(routes, outside={*pages.OUTSIDE, *MEDIA, *OAUTH, *RENDITIONS, METRICS})
    return _described[made_of]
