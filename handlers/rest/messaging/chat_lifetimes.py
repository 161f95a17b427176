"""How long messages of a chat stay, and deleting all of a chat for oneself (docs/messaging-api.md, "Chats")."""

from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.paths import messaging
from handlers.rest.requests import path_chat
from handlers.wire.messaging import lifetimes as wire
from handlers.wire.messaging.request import parse
from models.errors import ChatNotFound, ClientIdReused, ContactBlocked, Forbidden, NotAnAdmin, RateLimited
from models.services.chats.expiry import ClearChat, SetExpiry

_ONE = "/api/chats/{chat_id:[0-9]{1,10}}/"


@dataclass(frozen=True, slots=True)
class ChatLifetimeRoutes:
    """The services are those of the sockets."""

    set_expiry: SetExpiry
    clear: ClearChat

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "PATCH",
                _ONE + "expiry/",
                self.patch_expiry,
                OperationSpec(
                    "Set after how long a chat's messages are gone.",
                    {200: wire.ExpiryShown},
                    takes=wire.ExpiryToSet,
                    refuses=(ChatNotFound, NotAnAdmin, ContactBlocked, Forbidden, ClientIdReused, RateLimited),
                    description="It holds for messages that are sent from now on. In groups and chats of events admins set it, in a chat "
                    "of two people both.",
                ),
            ),
            *messaging(
                "POST",
                _ONE + "clear/",
                self.clear_chat,
                OperationSpec(
                    "Delete all of a chat for yourself.",
                    {200: wire.ClearedShown},
                    takes=wire.ChatToClear,
                    refuses=(ChatNotFound, RateLimited),
                    description="The others keep what they have.",
                ),
            ),
        ]

    async def patch_expiry(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(wire.ExpiryToSet, fields)
        timed = await self.set_expiry(actor, path_chat(request), asked.expires_after_s, asked.client_id)
        return web.json_response(wire.show_expiry(timed))

    async def clear_chat(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        cleared = await self.clear(actor, path_chat(request), parse(wire.ChatToClear, fields).up_to)
        return web.json_response(wire.show_cleared(*cleared))
