"""Photos of groups (docs/messaging-api.md, "Photos")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.messaging.photos import Part, PhotoDoor, bytes_of, full_of, preview_of, taking, url_of
from handlers.rest.paths import messaging
from handlers.rest.requests import ACTOR
from handlers.wire.messaging import photos as wire
from handlers.wire.messaging.request import NothingShown
from models.documents.photo import Photo, PhotoStatus
from models.errors import ChatNotFound, PhotoNotFound
from models.services.groups.groups import GetGroup, SetGroupPhoto

_GROUP = "/api/groups/{group:[0-9]+-[0-9]+}/"
_GROUP_BARE = "/groups/{group:[0-9]+-[0-9]+}/"  # without `/api`, as two documented examples have it


@dataclass(frozen=True, slots=True)
class GroupPhotoRoutes:
    door: PhotoDoor
    find: GetGroup
    set_photo: SetGroupPhoto

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "GET", _GROUP + "photo/", self.show_full, bytes_of("A group's photo.", ChatNotFound, PhotoNotFound)
            ),
            *messaging(
                "GET",
                _GROUP + "preview-photo/",
                self.show_preview,
                bytes_of("A group's photo, small.", ChatNotFound, PhotoNotFound),
            ),
            *messaging("GET", _GROUP + "photo-url/", self.show_full_url, url_of("a group's photo", ChatNotFound)),
            *messaging(
                "GET",
                _GROUP + "preview-photo-url/",
                self.show_preview_url,
                url_of("a group's small photo", ChatNotFound),
            ),
            *messaging("POST", _GROUP + "photo/", self.post, taking("Set a group's photo.", ChatNotFound)),
            *messaging(
                "DELETE",
                _GROUP + "photo/",
                self.delete,
                OperationSpec("Take a group's photo away.", {200: NothingShown}, refuses=(ChatNotFound,)),
            ),
            *messaging("GET", _GROUP_BARE + "photo/", self.show_full, canonical=_GROUP + "photo/"),
            *messaging("POST", _GROUP_BARE + "photo/", self.post, canonical=_GROUP + "photo/"),
            *messaging("DELETE", _GROUP_BARE + "photo/", self.delete, canonical=_GROUP + "photo/"),
        ]

    async def post(self, request: web.Request) -> web.Response:
        group = request.match_info["group"]
        only = request.get(ACTOR)
        if only is not None and only.login_id is None:  # else the form names the account, before or after the picture
            await self.set_photo.require_participant(only, group)
        actor, picture = await self.door.read(request)
        await self.set_photo(actor, group, picture)
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        await self.set_photo(actor, request.match_info["group"], None)
        return web.json_response({})

    async def show_full(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, full_of)

    async def show_preview(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, preview_of)

    async def show_full_url(self, request: web.Request) -> web.Response:
        return await self._show_url(request, full_of)

    async def show_preview_url(self, request: web.Request) -> web.Response:
        return await self._show_url(request, preview_of)

    async def _send(self, request: web.Request, part: Part) -> web.StreamResponse:
        photo = await self._photo(request)
        if photo is None:
            raise PhotoNotFound
        return await self.door.send(request, part(photo))

    async def _show_url(self, request: web.Request, part: Part) -> web.Response:
        photo = await self._photo(request)
        status = PhotoStatus.NONE if photo is None else PhotoStatus.SHOWN
        return web.json_response(wire.show_url(photo, status, self.door.link(request, part)))

    async def _photo(self, request: web.Request) -> Photo | None:
        actor, _ = await read_as_account(request)
        return (await self.find(actor, request.match_info["group"])).chat.photo
