"""Photos of accounts and contacts (docs/messaging-api.md, "Photos")."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import choose_actor, read_as_account, require_token
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.media import send_media
from handlers.rest.paths import messaging
from handlers.rest.requests import caller_of, path_number, require_still
from handlers.rest.uploads import Sent, read_upload
from handlers.wire.messaging import photos as wire
from handlers.wire.messaging.request import NothingShown, parse
from models.documents.photo import PHOTO_TYPE, Photo, PhotoStatus, Picture
from models.documents.session import Actor
from models.errors import (
    DomainError,
    NotAContact,
    PhotoHidden,
    PhotoNotFound,
    TooLarge,
    Unavailable,
    UrlRefused,
)
from models.services.media.fetching import LimitFetches
from models.services.media.photos import GetPhoto, ListPhotoHistory, ListPhotos, RemovePhoto, SetPhoto, TakePhoto
from models.services.media.storage import OpenMedia

_FILE = "photo"  # the field with the picture, in every form
_OWN = "/api/account/profile-photo/"
_CONTACT = "/api/contacts/{contact_id:[0-9]+}/"
ASK_AGAIN = "private, no-cache"  # the content at these paths changes, and is not for everybody

_NOT_SEEN = (NotAContact, PhotoHidden, PhotoNotFound)
Part = Callable[[Photo], str]


def bytes_of(summary: str, *refuses: type[DomainError]) -> OperationSpec:
    return OperationSpec(summary, {200: PHOTO_TYPE}, refuses=refuses, is_file=True)


def url_of(what: str, *refuses: type[DomainError]) -> OperationSpec:
    return OperationSpec(f"The URL of {what}.", {200: wire.PhotoShown}, refuses=refuses)


def _history_of(summary: str) -> OperationSpec:
    return OperationSpec(summary, {200: wire.PhotoHistoryShown}, refuses=(NotAContact,))


def taking(summary: str, *refuses: type[DomainError]) -> OperationSpec:
    return OperationSpec(
        summary,
        {200: NothingShown},
        takes=wire.PictureAsked,
        file=_FILE,
        file_instead_of="url",
        refuses=(TooLarge, UrlRefused, Unavailable, *refuses),
    )


def full_of(photo: Photo) -> str:
    return photo.full


def preview_of(photo: Photo) -> str:
    return photo.preview


@dataclass(frozen=True, slots=True)
class PhotoDoor:
    """Reads pictures and shows them as bytes or as links, for all photo routes."""

    take: TakePhoto
    open: OpenMedia
    links: Links
    fetches: LimitFetches

    async def read(self, request: web.Request) -> tuple[Actor, Picture]:
        """Returns the acting account and the picture: the file in field `photo`, else the one behind the URL in field `url`."""
        require_token(request)
        by = caller_of(request)

        @asynccontextmanager
        async def shrunk(_: Sent, content: AsyncIterator[bytes]) -> AsyncIterator[Picture]:
            yield await self.take.shrink(content, by)

        async with read_upload(request, _FILE, shrunk) as (fields, picture):
            actor = await choose_actor(request, fields)
            if picture is not None:
                return actor, picture
            url = parse(wire.PictureAsked, fields).require_url()
            with self.fetches.one_for(actor):
                fetched = await self.take.fetch(url, by)
            await require_still(request)
            return await choose_actor(request, fields), fetched

    async def send(self, request: web.Request, name: str) -> web.StreamResponse:
        return await send_media(request, self.open, await self.open(name), cache=ASK_AGAIN)

    def link(self, request: web.Request, part: Part) -> wire.Show:
        return lambda photo: self.links.media(request, part(photo))


@dataclass(frozen=True, slots=True)
class AccountPhotoRoutes:
    door: PhotoDoor
    show_photo: GetPhoto
    set_photo: SetPhoto
    remove_photo: RemovePhoto

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _OWN, self.show, bytes_of("Your photo.", PhotoNotFound)),
            *messaging("POST", _OWN, self.post, taking("Set your photo.")),
            *messaging("DELETE", _OWN, self.delete, OperationSpec("Take your photo away.", {200: NothingShown})),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        actor, _ = await read_as_account(request)
        return await self.door.send(request, (await self.show_photo.own(actor)).full)

    async def post(self, request: web.Request) -> web.Response:
        await self.set_photo(*await self.door.read(request))
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        await self.remove_photo(actor)
        return web.json_response({})


@dataclass(frozen=True, slots=True)
class ContactPhotoRoutes:
    door: PhotoDoor
    show_photo: GetPhoto
    list_history: ListPhotoHistory
    list_all: ListPhotos

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _CONTACT + "photo/", self.show_full, bytes_of("A contact's photo.", *_NOT_SEEN)),
            *messaging(
                "GET",
                _CONTACT + "preview-photo/",
                self.show_preview,
                bytes_of("A contact's photo, small.", *_NOT_SEEN),
            ),
            *messaging("GET", _CONTACT + "photo-url/", self.show_full_url, url_of("a contact's photo", NotAContact)),
            *messaging(
                "GET",
                _CONTACT + "preview-photo-url/",
                self.show_preview_url,
                url_of("a contact's small photo", NotAContact),
            ),
            *messaging(
                "GET",
                _CONTACT + "photo-history-urls/",
                self.show_full_history,
                _history_of("A contact's photos so far."),
            ),
            *messaging(
                "GET",
                _CONTACT + "preview-photo-history-urls/",
                self.show_preview_history,
                _history_of("A contact's photos so far, small."),
            ),
            *messaging(
                "GET",
                "/api/contacts/photos-urls/",
                self.show_all_full,
                OperationSpec("The photos of all contacts that use Parley.", {200: wire.PhotosShown}),
            ),
            *messaging(
                "GET",
                "/api/contacts/preview-photos-urls/",
                self.show_all_previews,
                OperationSpec("The small photos of all contacts that use Parley.", {200: wire.PhotosShown}),
            ),
        ]

    async def show_full(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, full_of)

    async def show_preview(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, preview_of)

    async def show_full_url(self, request: web.Request) -> web.Response:
        return await self._show_url(request, full_of)

    async def show_preview_url(self, request: web.Request) -> web.Response:
        return await self._show_url(request, preview_of)

    async def show_full_history(self, request: web.Request) -> web.Response:
        return await self._show_history(request, full_of)

    async def show_preview_history(self, request: web.Request) -> web.Response:
        return await self._show_history(request, preview_of)

    async def show_all_full(self, request: web.Request) -> web.Response:
        return await self._show_all(request, full_of)

    async def show_all_previews(self, request: web.Request) -> web.Response:
        return await self._show_all(request, preview_of)

    async def _send(self, request: web.Request, part: Part) -> web.StreamResponse:
        actor, _ = await read_as_account(request)
        seen = await self.show_photo(actor, path_number(request))
        if seen.photo is None:
            raise PhotoHidden if seen.status is PhotoStatus.HIDDEN else PhotoNotFound
        return await self.door.send(request, part(seen.photo))

    async def _show_url(self, request: web.Request, part: Part) -> web.Response:
        actor, _ = await read_as_account(request)
        seen = await self.show_photo(actor, path_number(request))
        return web.json_response(wire.show_url(seen.photo, seen.status, self.door.link(request, part)))

    async def _show_history(self, request: web.Request, part: Part) -> web.Response:
        actor, _ = await read_as_account(request)
        number = path_number(request)
        changes = await self.list_history(actor, number)
        return web.json_response(wire.show_history(number, changes, self.door.link(request, part)))

    async def _show_all(self, request: web.Request, part: Part) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_seen(await self.list_all(actor), self.door.link(request, part)))
