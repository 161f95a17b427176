"""Favourites (events contract, section 5; seed document, "Add/remove my phonebook contacts to favorite list")."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from handlers.rest.account_choice import read_body_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import read_shape
from handlers.wire.events import favourites as wire
from handlers.wire.events.users import read_phones
from models.documents.favourite import FAVOURITES_MAX, FavouriteInput
from models.documents.phone import Phone
from models.documents.session import Actor
from models.errors import FavouritesFull, FieldErrors, Malformed, TooManyNewNumbers, Unavailable
from models.services.users.favourites import ListFavourites, MarkFavourites

_PATH = "/users/favorite_contacts"
_SHOWN = {200: list[wire.FavouriteShown]}


@dataclass(frozen=True, slots=True)
class FavouriteRoutes:
    """`/users/favorite_contacts`. The body is a list of `{phone_number, contact_name?, photo?}`, or `{"phone_numbers": […]}`."""

    list_favourites: ListFavourites
    mark: MarkFavourites
    links: Links

    def routes(self) -> list[Route]:
        return [
            *events("GET", _PATH, self.show, OperationSpec("Your favourites, newest first.", _SHOWN)),
            *events(
                "POST",
                _PATH,
                self.post,
                OperationSpec(
                    "Mark numbers as favourites; of those marked before, change the name and the photo.",
                    _SHOWN,
                    takes=wire.MarkedNumbers,
                    refuses=(FieldErrors, FavouritesFull, TooManyNewNumbers, Unavailable),
                ),
            ),
            *events(
                "DELETE",
                _PATH,
                self.delete,
                OperationSpec(
                    "Take numbers off the favourites; the others are shown.",
                    _SHOWN,
                    takes=wire.MarkedNumbers,
                    refuses=(FieldErrors, FavouritesFull),
                ),
            ),
            *events(
                "PATCH",
                _PATH,
                self.patch,
                OperationSpec(
                    "Take numbers off the favourites, for clients that cannot send a body with DELETE.",
                    {204: None},
                    takes=wire.MarkedNumbers,
                    refuses=(FieldErrors, FavouritesFull),
                ),
            ),
        ]

    async def show(self, request: web.Request) -> web.Response:
        return await self._list(request, await require_account(request))

    async def post(self, request: web.Request) -> web.Response:
        actor, body = await read_body_as_account(request)
        await self.mark(actor, _read_markings(body))
        return await self._list(request, actor)

    async def delete(self, request: web.Request) -> web.Response:
        actor, body = await read_body_as_account(request)
        await self.mark.remove(actor, _read_phones(body))
        return await self._list(request, actor)

    async def patch(self, request: web.Request) -> web.Response:
        actor, body = await read_body_as_account(request)
        await self.mark.remove(actor, _read_phones(body))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _list(self, request: web.Request, actor: Actor) -> web.Response:
        def media(name: str) -> str:
            return self.links.media(request, name)

        favourites = await self.list_favourites(actor)
        return web.json_response(wire.show_favourites(favourites, media, self.links.photos_in(request)))


def _read_markings(body: object) -> list[FavouriteInput]:
    if not isinstance(body, list):
        return [FavouriteInput(phone) for phone in read_phones(body)]
    if len(body) > FAVOURITES_MAX:
        raise FavouritesFull(f"At most {FAVOURITES_MAX} numbers at once.")
    if not all(isinstance(each, dict) for each in body):
        raise Malformed("Each favourite must be an object.")
    return [read_shape(wire.MarkedNumber, each).marking for each in body]


def _read_phones(body: object) -> list[Phone]:
    """Of the present form the numbers alone."""
    if isinstance(body, list) and len(body) <= FAVOURITES_MAX:
        body = [{"phone_number": each.get("phone_number")} if isinstance(each, dict) else each for each in body]
    if isinstance(body, list):
        return [marking.phone for marking in _read_markings(body)]
    return read_phones(body)
