"""One's own photo on the events API (events contract, section 5; seed document, "Change/remove user avatar")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import choose_actor, require_account, require_token
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import caller_of
from handlers.rest.uploads import Sent, read_upload
from handlers.wire.events.users import UserShown, show_user
from models.documents.photo import Picture
from models.documents.session import Actor
from models.errors import FieldErrors, Malformed, TooLarge, Unavailable
from models.services.media.photos import RemovePhoto, SetPhoto
from models.services.users.finding import FindUser


@dataclass(frozen=True, slots=True)
class AvatarRoutes:
    """The same photo as the messaging API's; any picture that can be read (design section 9)."""

    set_photo: SetPhoto
    remove_photo: RemovePhoto
    find: FindUser
    links: Links

    def routes(self) -> list[Route]:
        return [
            *events(
                "POST",
                "/users/change_avatar",
                self.change,
                OperationSpec(
                    "Set your photo: the picture in field `photo` of a multipart form.",
                    {200: UserShown},
                    file="photo",
                    refuses=(FieldErrors, TooLarge, Unavailable),
                ),
            ),
            *events(
                "POST", "/users/remove_avatar", self.remove, OperationSpec("Take your photo away.", {200: UserShown})
            ),
        ]

    async def change(self, request: web.Request) -> web.Response:
        require_token(request)
        actor, picture = await self._read(request)
        await self.set_photo(actor, picture)
        return await self._show(request, actor)

    async def remove(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        await self.remove_photo(actor)
        return await self._show(request, actor)

    async def _show(self, request: web.Request, actor: Actor) -> web.Response:
        return web.json_response(show_user(await self.find.own(actor), self.links.photos_in(request)))

    async def _read(self, request: web.Request) -> tuple[Actor, Picture]:
        @asynccontextmanager
        async def shrunk(_: Sent, content: AsyncIterator[bytes]) -> AsyncIterator[Picture]:
            try:
                picture = await self.set_photo.take_photo.shrink(content, caller_of(request))
            except Malformed as refusal:
                raise FieldErrors({"photo": [refusal.message]}) from None
            yield picture

        async with read_upload(request, "photo", shrunk) as (fields, picture):
            actor = await choose_actor(request, fields)
            if picture is not None:
                return actor, picture
        problem = "The submitted data was not a file." if "photo" in fields else "No file was submitted."
        raise FieldErrors({"photo": [problem]})
