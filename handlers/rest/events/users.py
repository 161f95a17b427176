"""Users (docs/events-api.md, "Users")."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account, require_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import events
from handlers.rest.requests import read_query, read_shape
from handlers.wire.events import users as wire
from handlers.wire.paging import PageQuery, PageShown, show_page
from models.errors import AccountNotFound, FieldErrors, Forbidden, PageNotFound, TooLong, TooManyNewNumbers
from models.services.accounts.profile import ChangeUser
from models.services.events.listing import ListInviters
from models.services.users.finding import FindUser, ListUsers, MatchPhoneBook

_ONE = "/users/{user_id}"


@dataclass(frozen=True, slots=True)
class UserRoutes:
    """`/users…` except the avatar, favourites and Facebook. Users are neither created nor deleted here (405)."""

    list_users: ListUsers
    find: FindUser
    change: ChangeUser
    match_phone_book: MatchPhoneBook
    list_inviters: ListInviters
    links: Links

    def routes(self) -> list[Route]:
        change = OperationSpec(
            "Change what is given of your own name, e-mail address, language and notification flags.",
            {200: wire.UserShown},
            takes=wire.UserChange,
            refuses=(FieldErrors, Forbidden, AccountNotFound),
        )
        return [
            *events(
                "GET",
                "/users",
                self.list,
                OperationSpec(
                    "The people you know, by full name, in pages.",
                    {200: PageShown[wire.UserShown]},
                    query=PageQuery,
                    refuses=(PageNotFound,),
                ),
            ),
            *events(
                "POST",
                "/users/from_phone_numbers",
                self.from_phone_numbers,
                OperationSpec(
                    "The registered users among the numbers of your phone book, which is kept.",
                    {200: list[wire.FoundUserShown]},
                    takes=wire.PhoneNumbers,
                    refuses=(TooLong, TooManyNewNumbers),
                ),
            ),
            *events(
                "GET",
                "/users/who_has_invited_me",
                self.who_has_invited_me,
                OperationSpec("Everybody who has invited you to an event.", {200: list[wire.UserShown]}),
            ),
            *events(
                "GET", _ONE, self.show, OperationSpec("One user.", {200: wire.UserShown}, refuses=(AccountNotFound,))
            ),
            *events("PATCH", _ONE, self.patch, change),
            *events("PUT", _ONE, self.patch, change),
        ]

    async def list(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        query = read_shape(PageQuery, read_query(request))
        page = await self.list_users(actor, query.page, query.per_page)
        link = self.links.photos_in(request)
        shown = [wire.show_user(seen, link) for seen in page.items]
        return web.json_response(show_page(page, shown, self.links.pages_of(request, actor)))

    async def show(self, request: web.Request) -> web.Response:
        actor = await require_account(request)
        seen = await self.find(actor, wire.read_user_id(request.match_info["user_id"]))
        return web.json_response(wire.show_user(seen, self.links.photos_in(request)))

    async def patch(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        user_id = wire.read_user_id(request.match_info["user_id"])
        change = read_shape(wire.UserChange, fields)
        seen = await self.change(actor, user_id, change.fields)
        return web.json_response(wire.show_user(seen, self.links.photos_in(request)))

    async def from_phone_numbers(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        # In a thread: numbers with characters that valid ones do not have are parsed, which takes 0.1 ms each.
        numbers = await asyncio.to_thread(wire.read_phone_book, fields)
        found = await self.match_phone_book(actor, numbers)
        return web.json_response(wire.show_found(found, self.links.photos_in(request)))

    async def who_has_invited_me(self, request: web.Request) -> web.Response:
        link = self.links.photos_in(request)
        inviters = await self.list_inviters(await require_account(request))
        return web.json_response([wire.show_user(seen, link) for seen in inviters])
