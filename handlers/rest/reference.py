"""The reference for programs: `/openapi.json`, made once, when the node starts."""

import hashlib
from collections.abc import Collection, Iterable

import orjson
from aiohttp import hdrs, web
from aiohttp.helpers import ETAG_ANY

from handlers.rest.openapi.document import describe
from handlers.rest.paths import plain

PATH = "/openapi.json"
OUTSIDE = (PATH,)


def reference_routes(routes: Iterable[web.AbstractRouteDef], *, outside: Collection[str]) -> list[web.AbstractRouteDef]:
    """The document of these routes, for everybody. It is no part of either API, and so does not describe itself."""
    body = orjson.dumps(describe(routes, outside=outside))
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {hdrs.ETAG: f'"{tag}"', hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}

    async def show(request: web.Request) -> web.Response:
        if any(etag.value in (tag, ETAG_ANY) for etag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        response = web.Response(body=body, content_type="application/json", headers=headers)
        response.enable_compression()
        return response

    return [*plain("GET", PATH, show)]
