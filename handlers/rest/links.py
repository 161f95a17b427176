"""Builds absolute URLs to this server, as its clients reach it."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import hdrs, web
from yarl import URL

from handlers.wire.events.users import Link
from models.documents.default_picture import DefaultPicture
from models.documents.media import MEDIA
from models.documents.photo import Photo, Rendition
from models.documents.session import Actor
from models.services.media.renditions import DefaultPictures

DEFAULT_PICTURES = MEDIA + "default/"


@dataclass(frozen=True, slots=True)
class Links:
    """Builds absolute URLs.

    They start with `public_url` or, if that is empty, with the origin the request was sent to. `default_pictures` makes the URLs that
    are shown in place of missing or hidden photos; None leaves them out.
    """

    public_url: str = ""
    default_pictures: DefaultPictures | None = None

    def media(self, request: web.Request, name: str) -> str:
        """Returns the URL of the stored file of this name."""
        return self.absolute(request, MEDIA + name)

    def shown_in(self, request: web.Request) -> Callable[[str], str]:
        """Returns a function that makes a stored address loadable: paths of this server become absolute URLs."""
        return lambda url: self.absolute(request, url) if url.startswith(MEDIA) else url

    def photos_in(self, request: web.Request) -> Link:
        """Returns a function that maps a photo to the URL of a rendition, without a lookup (models/services/media/renditions.py)."""

        def link(picture: Photo | DefaultPicture, rendition: Rendition) -> str | None:
            if isinstance(picture, Photo):
                return self.absolute(request, f"{MEDIA}{picture.full}/{rendition}.jpg")
            if self.default_pictures is None:
                return None
            return self.absolute(request, f"{DEFAULT_PICTURES}{self.default_pictures.name(picture)}/{rendition}.jpg")

        return link

    def pages_of(self, request: web.Request, actor: Actor) -> Callable[[int], str]:
        """Returns a function that makes the URL of another page of the list that was asked for; the first page needs no number.

        The URL names the account whose list it is if the request had a body, because that may have named the account.
        """

        def link(number: int) -> str:
            rest = request.rel_url.without_query_params("page")
            if request.body_exists:
                rest = rest.update_query(account=actor.number)
            return self.absolute(request, str(rest.update_query(page=number) if number > 1 else rest))

        return link

    def to_next(self, request: web.Request, before: str | None) -> dict[str, str]:
        """Returns the `Link` header for the next page (RFC 8288) of a list that was asked for by its query; empty for the last page."""
        if before is None or request.body_exists:
            return {}
        rest = request.rel_url.without_query_params("offset").update_query(before=before)
        return {hdrs.LINK: f'<{self.absolute(request, str(rest))}>; rel="next"'}

    def absolute(self, request: web.Request, path: str) -> str:
        return (self.public_url or _origin(request)).rstrip("/") + path


def _origin(request: web.Request) -> str:
    """Returns the origin a request was sent to.

    It is that of its Host header (checked by server/http/unreadable.py), else of its request line.
    """
    if hdrs.HOST in request.headers:
        return str(request.url.origin())
    place = None if request.transport is None else request.transport.get_extra_info("sockname")
    host, port = place[:2] if isinstance(place, tuple) else ("localhost", None)
    return str(URL.build(scheme=request.scheme, host=host, port=port))
