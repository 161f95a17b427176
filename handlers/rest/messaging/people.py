"""Contacts as an account sees them, and its block list (docs/messaging-api.md, "Status messages", "Presence" and "Blocking")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.wire.messaging import people as wire
from handlers.wire.messaging.request import MessagingRequest, NothingShown, parse
from models.documents.phone import digits_of
from models.errors import Conflict, NotAContact
from models.services.contacts.blocking import BlockNumbers
from models.services.presence.lookup import GetPresence
from models.services.users.finding import FindAccount
from models.services.users.views import GetStatuses

_ONE = "/api/contacts/{contact_id:[0-9]+}/"
_OWN_STATUS = "Works while you are online yourself; otherwise it is what you saw last."


@dataclass(frozen=True, slots=True)
class PeopleRoutes:
    statuses: GetStatuses
    presence: GetPresence
    blocks: BlockNumbers
    find: FindAccount

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "GET",
                _ONE + "status-message/",
                self.show_status,
                OperationSpec(
                    "A contact's status message.",
                    {200: wire.StatusesShown},
                    refuses=(NotAContact,),
                    description="A list, also of one.",
                ),
            ),
            *messaging(
                "GET",
                _ONE + "status-message-history/",
                self.show_status_history,
                OperationSpec(
                    "A contact's earlier status messages.", {200: wire.StatusHistoryShown}, refuses=(NotAContact,)
                ),
            ),
            *messaging(
                "GET",
                "/api/contacts/statuses-messages/",
                self.show_statuses,
                OperationSpec("The status messages of all contacts that use Parley.", {200: wire.StatusesShown}),
            ),
            *messaging(
                "GET",
                _ONE + "connected-status/",
                self.show_presence,
                OperationSpec(
                    "Whether a contact is online, and when it was last.",
                    {200: wire.PresencesShown},
                    refuses=(NotAContact,),
                    description=_OWN_STATUS,
                ),
            ),
            *messaging(
                "GET",
                "/api/contacts/connected-statuses/",
                self.show_presences,
                OperationSpec("Who of your contacts is online.", {200: wire.PresencesShown}, description=_OWN_STATUS),
            ),
            *messaging(
                "POST",
                _ONE + "block/",
                self.block,
                OperationSpec("Block a number.", {200: wire.BlockShown}, takes=MessagingRequest, refuses=(Conflict,)),
            ),
            *messaging(
                "POST",
                _ONE + "unblock/",
                self.unblock,
                OperationSpec("Unblock a number.", {200: wire.BlockShown}, takes=MessagingRequest),
            ),
            *messaging(
                "GET",
                "/api/contacts/blocked-list/",
                self.show_blocked,
                OperationSpec("The numbers that you block.", {200: wire.BlockedShown}),
            ),
            *messaging(
                "POST",
                "/api/contacts/blocked-list/",
                self.replace_blocked,
                OperationSpec(
                    "Replace the list of numbers that you block.",
                    {200: NothingShown},
                    takes=wire.BlockedNumbers,
                    refuses=(Conflict,),
                ),
            ),
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
        return web.json_response(wire.show_block(is_new=is_new))

    async def unblock(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        was_blocked = await self.blocks.unblock(actor, _number(request))
        return web.json_response(wire.show_unblock(was_blocked=was_blocked))

    async def show_blocked(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        return web.json_response(wire.show_blocked((await self.find(actor)).blocked))

    async def replace_blocked(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.blocks.replace(actor, parse(wire.BlockedNumbers, fields).listed)
        return web.json_response({})


def _number(request: web.Request) -> str:
    return digits_of(request.match_info["contact_id"])
