"""The sizes of a photo that the events API shows, over HTTP (events contract 2.8)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.described import Described, Route
from handlers.rest.media import send_media
from handlers.rest.paths import plain
from handlers.rest.requests import address_of
from handlers.wire.entries import MEDIA
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import MediaNotFound, RateLimited, Unavailable
from models.services.open_media import OpenMedia
from models.services.renditions import Renditions

# As with the photo itself, whoever knows the name may read.
OUTSIDE = (MEDIA + "{name}/{rendition}.jpg",)
_DESCRIBED = Described(
    "One size of a photo: 60x60, 250x250 or faded-60x60.",
    {200: PHOTO_TYPE},
    refuses=(MediaNotFound, RateLimited, Unavailable),
    is_public=True,
    is_file=True,
)


@dataclass(frozen=True, slots=True)
class RenditionRoutes:
    renditions: Renditions
    open: OpenMedia

    def routes(self) -> list[Route]:
        return plain("GET", OUTSIDE[0], self.show, _DESCRIBED)

    async def show(self, request: web.Request) -> web.StreamResponse:
        try:
            rendition = Rendition(request.match_info["rendition"])
        except ValueError:
            raise MediaNotFound from None
        media = await self.renditions.open(request.match_info["name"], rendition, address_of(request))
        return await send_media(request, self.open, media)
