"""Serves the sizes of photos that the events API shows, and default pictures (docs/events-api.md, "Pictures")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import DEFAULT_PICTURES
from handlers.rest.media import send_media
from handlers.rest.paths import plain
from handlers.rest.requests import address_of
from models.documents.media import MEDIA
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import DomainError, MediaNotFound, RateLimited, Unavailable
from models.services.media.renditions import DefaultPictures, Renditions
from models.services.media.storage import OpenMedia

# As with stored photos, knowing the name is the permission to read.
OUTSIDE = (MEDIA + "{name}/{rendition}.jpg", DEFAULT_PICTURES + "{picture}/{rendition}.jpg")
_SIZES = "60x60, 250x250 or faded-60x60"


def _described(what: str, *refuses: type[DomainError]) -> OperationSpec:
    return OperationSpec(f"{what}: {_SIZES}.", {200: PHOTO_TYPE}, refuses=refuses, is_public=True, is_file=True)


@dataclass(frozen=True, slots=True)
class RenditionRoutes:
    renditions: Renditions
    open: OpenMedia
    default_pictures: DefaultPictures

    def routes(self) -> list[Route]:
        photo, default = OUTSIDE
        described = _described("One size of a photo", MediaNotFound, RateLimited, Unavailable)
        instead = _described("One size of the picture of somebody without a photo", MediaNotFound)
        return [*plain("GET", photo, self.show, described), *plain("GET", default, self.show_default, instead)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        name, rendition = _asked(request, "name")
        return await send_media(request, self.open, await self.renditions.open(name, rendition, address_of(request)))

    async def show_default(self, request: web.Request) -> web.StreamResponse:
        drawn = await self.default_pictures.open(*_asked(request, "picture"))
        return await send_media(request, drawn, drawn.media)


def _asked(request: web.Request, part: str) -> tuple[str, Rendition]:
    try:
        return request.match_info[part], Rendition(request.match_info["rendition"])
    except ValueError:
        raise MediaNotFound from None
