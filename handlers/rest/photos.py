"""Photos of accounts, contacts and groups (messaging contract 17, rows 9, 24 to 31 and 54 to 58)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import choose_actor, read_as_account, require_token
from handlers.rest.described import Route
from handlers.rest.links import Links
from handlers.rest.media import send_media
from handlers.rest.paths import messaging
from handlers.rest.requests import ACTOR
from handlers.rest.uploads import read_upload
from handlers.wire import photos as wire
from models.documents.photo import Photo, PhotoStatus, Picture
from models.documents.session import Actor
from models.errors import PhotoHidden, PhotoNotFound
from models.services.list_photo_history import ListPhotoHistory
from models.services.list_photos import ListPhotos
from models.services.open_media import OpenMedia
from models.services.remove_photo import RemovePhoto
from models.services.set_group_photo import SetGroupPhoto
from models.services.set_photo import SetPhoto
from models.services.show_group import ShowGroup
from models.services.show_photo import ShowPhoto
from models.services.take_photo import TakePhoto

_OWN = "/api/account/profile-photo/"
_CONTACT = "/api/contacts/{contact_id:[0-9]+}/"
_GROUP = "/api/groups/{group:[0-9]+-[0-9]+}/"
_GROUP_BARE = "/groups/{group:[0-9]+-[0-9]+}/"  # as two examples of the messaging API's document have it
ASK_AGAIN = "private, no-cache"  # what is at these paths changes, and is not for everybody

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Part = Callable[[Photo], str]


def _full(photo: Photo) -> str:
    return photo.full


def _preview(photo: Photo) -> str:
    return photo.preview


@dataclass(frozen=True, slots=True)
class PhotoDoor:
    """What the routes of photos share: reading one in, and showing one as bytes or as a link."""

    take: TakePhoto
    open: OpenMedia
    links: Links

    async def read(self, request: web.Request) -> tuple[Actor, Picture]:
        """Who acts, and the picture in file field `photo`, else behind form field `url`; the file wins."""
        require_token(request)

        @asynccontextmanager
        async def shrunk(_: str, content: AsyncIterator[bytes]) -> AsyncIterator[Picture]:
            yield await self.take.shrink(content)

        async with read_upload(request, "photo", shrunk) as (fields, picture):
            actor = await choose_actor(request, fields)
            return actor, picture or await self.take.fetch(wire.read_photo_url(fields))

    async def send(self, request: web.Request, name: str) -> web.StreamResponse:
        return await send_media(request, self.open, await self.open(name), cache=ASK_AGAIN)

    def link(self, request: web.Request, part: Part) -> wire.Show:
        return lambda photo: self.links.media(request, part(photo))


@dataclass(frozen=True, slots=True)
class AccountPhotoRoutes:
    door: PhotoDoor
    show_photo: ShowPhoto
    set_photo: SetPhoto
    remove_photo: RemovePhoto

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _OWN, self.show),
            *messaging("POST", _OWN, self.post),
            *messaging("DELETE", _OWN, self.delete),
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
    show_photo: ShowPhoto
    list_history: ListPhotoHistory
    list_all: ListPhotos

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _CONTACT + "photo/", self._bytes(_full)),
            *messaging("GET", _CONTACT + "preview-photo/", self._bytes(_preview)),
            *messaging("GET", _CONTACT + "photo-url/", self._url(_full)),
            *messaging("GET", _CONTACT + "preview-photo-url/", self._url(_preview)),
            *messaging("GET", _CONTACT + "photo-history-urls/", self._history(_full)),
            *messaging("GET", _CONTACT + "preview-photo-history-urls/", self._history(_preview)),
            *messaging("GET", "/api/contacts/photos-urls/", self._all(_full)),
            *messaging("GET", "/api/contacts/preview-photos-urls/", self._all(_preview)),
        ]

    def _bytes(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            actor, _ = await read_as_account(request)
            seen = await self.show_photo(actor, request.match_info["contact_id"])
            if seen.photo is None:
                raise PhotoHidden if seen.status is PhotoStatus.HIDDEN else PhotoNotFound
            return await self.door.send(request, part(seen.photo))

        return show

    def _url(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            actor, _ = await read_as_account(request)
            seen = await self.show_photo(actor, request.match_info["contact_id"])
            return web.json_response(wire.show_url(seen.photo, seen.status, self.door.link(request, part)))

        return show

    def _history(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            actor, _ = await read_as_account(request)
            number = request.match_info["contact_id"]
            changes = await self.list_history(actor, number)
            return web.json_response(wire.show_history(number, changes, self.door.link(request, part)))

        return show

    def _all(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            actor, _ = await read_as_account(request)
            return web.json_response(wire.show_seen(await self.list_all(actor), self.door.link(request, part)))

        return show


@dataclass(frozen=True, slots=True)
class GroupPhotoRoutes:
    door: PhotoDoor
    find: ShowGroup
    set_photo: SetGroupPhoto

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _GROUP + "photo/", self._bytes(_full)),
            *messaging("GET", _GROUP + "preview-photo/", self._bytes(_preview)),
            *messaging("GET", _GROUP + "photo-url/", self._url(_full)),
            *messaging("GET", _GROUP + "preview-photo-url/", self._url(_preview)),
            *messaging("POST", _GROUP + "photo/", self.post),
            *messaging("DELETE", _GROUP + "photo/", self.delete),
            *messaging("GET", _GROUP_BARE + "photo/", self._bytes(_full)),
            *messaging("POST", _GROUP_BARE + "photo/", self.post),
            *messaging("DELETE", _GROUP_BARE + "photo/", self.delete),
        ]

    async def post(self, request: web.Request) -> web.Response:
        group = request.match_info["group"]
        only = request.get(ACTOR)
        if only is not None and only.login_id is None:  # else the form says who acts, before or behind the picture
            await self.set_photo.require_participant(only, group)
        actor, picture = await self.door.read(request)
        await self.set_photo(actor, group, picture)
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        await self.set_photo(actor, request.match_info["group"], None)
        return web.json_response({})

    def _bytes(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            photo = await self._photo(request)
            if photo is None:
                raise PhotoNotFound
            return await self.door.send(request, part(photo))

        return show

    def _url(self, part: Part) -> Answer:
        async def show(request: web.Request) -> web.StreamResponse:
            photo = await self._photo(request)
            status = PhotoStatus.NONE if photo is None else PhotoStatus.SHOWN
            return web.json_response(wire.show_url(photo, status, self.door.link(request, part)))

        return show

    async def _photo(self, request: web.Request) -> Photo | None:
        actor, _ = await read_as_account(request)
        return (await self.find(actor, request.match_info["group"])).chat.photo
