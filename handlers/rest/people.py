"""What one sees of contacts, and whom one blocks (messaging contract, sections 6 and 8; rows 19 to 23 and 32 to 34)."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import Route
from handlers.rest.paths import messaging
from handlers.wire import profiles as wire
from models.documents.phone import digits_of
from models.services.block_numbers import BlockNumbers
from models.services.find_account import FindAccount
from models.services.show_presence import ShowPresence
from models.services.show_statuses import ShowStatuses

_ONE = "/api/contacts/{contact_id:[0-9]+}/"


@dataclass(frozen=True, slots=True)
class PeopleRoutes:
    statuses: ShowStatuses
    presence: ShowPresence
    blocks: BlockNumbers
    find: FindAccount

    def routes(self) -> list[Route]:
        return [
            *messaging("GET", _ONE + "status-message/", self.show_status),
            *messaging("GET", _ONE + "status-message-history/", self.show_status_history),
            *messaging("GET", "/api/contacts/statuses-messages/", self.show_statuses),
            *messaging("GET", _ONE + "connected-status/", self.show_presence),
            *messaging("GET", "/api/contacts/connected-statuses/", self.show_presences),
            *messaging("POST", _ONE + "block/", self.block),
            *messaging("POST", _ONE + "unblock/", self.unblock),
            *messaging("GET", "/api/contacts/blocked-list/", self.show_blocked),
            *messaging("POST", "/api/contacts/blocked-list/", self.replace_blocked),
        ]

    async def show_status(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_statuses(await self.statuses.of_one(actor, _number(request))))

    async def show_statuses(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_statuses(await self.statuses.of_all(actor)))

    async def show_status_history(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        number = _number(request)
        return web.json_response(wire.show_status_history(number, await self.statuses.history(actor, number)))

    async def show_presence(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_presences(await self.presence.of_one(actor, _number(request))))

    async def show_presences(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_presences(await self.presence.of_all(actor)))

    async def block(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        is_new = await self.blocks.block(actor, _number(request))
        return web.json_response({} if is_new else {"text": "already-blocked"})

    async def unblock(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        was_blocked = await self.blocks.unblock(actor, _number(request))
        return web.json_response({} if was_blocked else {"text": "not-blocked"})

    async def show_blocked(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response({"numbers": sorted((await self.find(actor)).blocked)})

    async def replace_blocked(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.blocks.replace(actor, wire.read_blocked(fields))
        return web.json_response({})


def _number(request: web.Request) -> str:
    return digits_of(request.match_info["contact_id"])
