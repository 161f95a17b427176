"""Negotiates the version of the events API: `Accept: application/json; version=1.0` (docs/events-api.md, "Versions")."""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from handlers.rest.paths import is_messaging

VERSION = "1.0"  # the default, and the only one
_JSON_RANGES = ("application/json", "application/*", "*/*")


@web.middleware
async def require_version(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 406 where a client of the events API accepts JSON in other versions only.

    Unknown paths and the messaging API have none.
    """
    is_known = not isinstance(request.match_info.http_exception, web.HTTPNotFound)
    if is_known and not is_messaging(request.path):
        versions = accepted_versions(",".join(request.headers.getall(hdrs.ACCEPT, ())))
        if versions and VERSION not in versions:
            raise web.HTTPNotAcceptable
    return await handler(request)


def accepted_versions(accept: str) -> set[str]:
    """Returns the versions in which this header accepts JSON. A range without the parameter means the default version."""
    versions = set()
    for media_range in accept.split(","):
        kind, *parameters = (part.strip() for part in media_range.split(";"))
        if kind.lower() in _JSON_RANGES:
            named = dict(parameter.partition("=")[::2] for parameter in parameters)
            versions.add(named.get("version", VERSION).strip('"'))
    return versions
