"""Serves stored files over HTTP, whole or by range, cacheable by browsers for ever (docs/rest.md, "Files"; RFC 9110, 13 and 14)."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiohttp import hdrs, web
from aiohttp.helpers import ETAG_ANY

from handlers.rest.described import OperationSpec, Route
from handlers.rest.dispositions import attachment
from handlers.rest.paths import plain
from models.documents.media import INLINE_TYPES, MEDIA, Media
from models.documents.photo import PHOTO_TYPE
from models.errors import MediaNotFound
from models.services.media.storage import OpenMedia

# Knowing the name is the permission to read. Tokens are not checked, so that the URL works in an <img>.
OUTSIDE = (MEDIA + "{name}", MEDIA + "{name}/thumbnail")
# The content of a name never changes. Private, because a deleted file must not live on in a shared cache.
FOR_EVER = "private, max-age=31536000, immutable"
# An uploaded file must not run as a page of this site, whatever it holds.
SAFE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
    "Vary": "Origin",  # Else a cache could give the answer it got for an <img>, which has no CORS headers, to a script.
}
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,99})\s*-\s*(\d{0,99})", re.ASCII | re.IGNORECASE)


def _reading(summary: str, media_type: str) -> OperationSpec:
    return OperationSpec(summary, {200: media_type}, refuses=(MediaNotFound,), is_public=True, is_file=True)


class Source(Protocol):
    """The source of a file's bytes."""

    def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `first` to `last`, both included. Raises LookupError if the file is gone."""
        ...


@dataclass(frozen=True, slots=True)
class MediaRoutes:
    open: OpenMedia

    def routes(self) -> list[Route]:
        file, thumbnail = OUTSIDE
        return [
            *plain("GET", file, self.show, _reading("A stored file; whoever knows its name may read it.", "*/*")),
            *plain("GET", thumbnail, self.show_thumbnail, _reading("A small picture of an image.", PHOTO_TYPE)),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await send_media(request, self.open, await self.open(request.match_info["name"]))

    async def show_thumbnail(self, request: web.Request) -> web.StreamResponse:
        media = await self.open(request.match_info["name"])
        if media.thumbnail is None:
            raise MediaNotFound
        return await send_media(request, self.open, await self.open(media.thumbnail))


async def send_media(
    request: web.Request, source: Source, media: Media, *, cache: str = FOR_EVER
) -> web.StreamResponse:
    """Sends the file, the requested range (206), 304 for a copy that is current, or 416 for a range outside of the file."""
    etag = f'"{media.name}"'
    headers = {**SAFE, "ETag": etag, "Cache-Control": cache}
    if has_tag(request, etag):
        return web.Response(status=304, headers=headers)
    if media.mime_type not in INLINE_TYPES:
        headers["Content-Disposition"] = attachment(media.file_name)
    part = None if request.headers.get(hdrs.IF_RANGE, etag) != etag else _read_range(request, media.size_bytes)
    if part is not None and part[0] > part[1]:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{media.size_bytes}"})
    first, last = part or (0, media.size_bytes - 1)
    pieces = source.read(media, first, last)
    response = web.StreamResponse(status=200 if part is None else 206, headers=headers)
    if part is not None:
        response.headers["Content-Range"] = f"bytes {first}-{last}/{media.size_bytes}"
    response.content_type = media.mime_type
    response.content_length = last - first + 1
    if request.method == hdrs.METH_HEAD or first > last:
        await response.prepare(request)
        return response
    try:
        piece = await anext(pieces)
    except LookupError:  # removed since it was found
        raise MediaNotFound from None
    # The client is gone and nobody reads the answer; this is no fault of the server.
    with suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(piece)
        try:
            async for piece in pieces:
                await response.write(piece)
        except LookupError:  # removed meanwhile: the promised length cannot be kept
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
    return response


def has_tag(request: web.Request, etag: str) -> bool:
    """Returns whether If-None-Match names this tag, which is in quotes; weak tags match too (RFC 9110, 13.1.2)."""
    return any(tag.value in (etag.strip('"'), ETAG_ANY) for tag in request.if_none_match or ())


def _read_range(request: web.Request, size: int) -> tuple[int, int] | None:
    """Returns the first and the last byte of the requested range; first > last if it is outside of the file, None for the whole file.

    Several ranges, other units and nonsense get the whole file, as a server may answer (RFC 9110, 14.2).
    """
    header = request.headers.get(hdrs.RANGE) if request.method == hdrs.METH_GET else None
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        length = min(int(match[2]), size)
        return (size - length, size - 1) if length else (1, 0)
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    return (first, min(last, size - 1)) if first < size else (1, 0)
