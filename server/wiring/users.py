"""The events API's doors to people."""

from handlers.rest.described import Route
from handlers.rest.renditions import RenditionRoutes
from models.services.open_media import OpenMedia
from server.wiring.domain import Domain


def user_routes(domain: Domain) -> list[Route]:
    return [*RenditionRoutes(domain.renditions, OpenMedia(domain.stores.media)).routes()]
