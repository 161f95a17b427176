"""The reference for programs: `/openapi.json`, made when somebody first asks for it."""

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
    """Returns the route of the document of these routes, for everybody. It is no part of either API, and so does not describe itself.

    To make it takes half of a node's start, so it is left to the first who asks, beside the loop; others wait for the same one.
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
