"""The reference for programs: `/openapi.json`, made once, when the node starts."""

from collections.abc import Collection, Iterable

import orjson
from aiohttp import hdrs, web

from handlers.rest.openapi.document import describe
from handlers.rest.openapi.portable import publish
from handlers.rest.paths import plain

PATH = "/openapi.json"
OUTSIDE = (PATH,)


def reference_routes(routes: Iterable[web.AbstractRouteDef], *, outside: Collection[str]) -> list[web.AbstractRouteDef]:
    """The document of these routes, for everybody. It is no part of either API, and so does not describe itself."""
    body = orjson.dumps(publish(describe(routes, outside=outside)))
    headers = {hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers=headers)

    return [*plain("GET", PATH, show)]
