"""The reference for programs: `/openapi.json`, made at the first request for it."""

import asyncio
from collections.abc import Collection, Sequence

import orjson
from aiohttp import hdrs, web

from handlers.rest.openapi.document import describe
from handlers.rest.openapi.portable import publish
from handlers.rest.paths import plain

PATH = "/openapi.json"
OUTSIDE = (PATH,)


def reference_routes(routes: Sequence[web.AbstractRouteDef], *, outside: Collection[str]) -> list[web.AbstractRouteDef]:
    """Returns the route of the document that describes these routes. It belongs to neither API, so it is not described itself.

    Making it takes half of a node's start, so it happens at the first request, in a thread; further requests wait for the same result.
    """
    making = asyncio.Lock()
    made: list[bytes] = []
    headers = {hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}

    def make() -> bytes:
        return orjson.dumps(publish(describe(routes, outside=outside)))

    async def show(_: web.Request) -> web.Response:
        async with making:
            if not made:
                made.append(await asyncio.to_thread(make))
        return web.Response(body=made[0], content_type="application/json", headers=headers)

    return [*plain("GET", PATH, show)]
