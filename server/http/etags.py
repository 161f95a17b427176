"""Adds ETags to the answers to GET of both APIs, so that a client with an up-to-date copy gets 304 (docs/rest.md, "ETags")."""

import hashlib

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from handlers.rest.media import has_tag

TAG_BYTES = 16
# Answers depend on the caller and are revalidated each time; a changed answer has another tag.
ASK_AGAIN = "private, no-cache"


@web.middleware
async def tag_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tag a JSON answer with the hash of its body, and answer 304 where If-None-Match names that tag.

    It costs a microsecond per kilobyte and saves the way, not the work: the answer is made before it is compared. Files have
    tags of their own, and what may not be stored (`Cache-Control: no-store`) has none.
    """
    response = await handler(request)
    if (
        request.method not in (hdrs.METH_GET, hdrs.METH_HEAD)
        or response.status != 200
        or not isinstance(response, web.Response)
        or not isinstance(response.body, bytes)
        or response.content_type != "application/json"
        or hdrs.ETAG in response.headers
        or "no-store" in response.headers.get(hdrs.CACHE_CONTROL, "")
    ):
        return response
    etag = f'"{hashlib.blake2b(response.body, digest_size=TAG_BYTES).hexdigest()}"'
    # What is compressed says the same by other bytes.
    shown = f"W/{etag}" if response.compression else etag
    cache = response.headers.get(hdrs.CACHE_CONTROL, ASK_AGAIN)
    if has_tag(request, etag):
        held = web.Response(status=304, headers={hdrs.ETAG: shown, hdrs.CACHE_CONTROL: cache})
        held.headers.extend([(hdrs.VARY, named) for named in response.headers.getall(hdrs.VARY, ())])
        return held
    response.headers[hdrs.ETAG] = shown
    response.headers[hdrs.CACHE_CONTROL] = cache
    return response
