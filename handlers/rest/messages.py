"""Messages on the messaging API (messaging contract 17, rows 35, 37 and 42 to 48)."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging
from handlers.rest.requests import read_query
from handlers.wire import messages as wire
from handlers.wire.fields import Fields
from models.documents.entry import Message
from models.services.list_messages import ListMessages
from models.services.list_receipts import ListDelivered, ListRead
from models.services.mark_read import MarkRead
from models.services.send_message import SendMessage
from models.services.show_typing import ShowTyping
from models.services.tell_typing import TellTyping
from models.services.title_chats import TitleChats

_TARGET = "{target:[0-9]+(?:-[0-9]+)?}/"
_CONTACT = "{contact_id:[0-9]+}/"


@dataclass(frozen=True, slots=True)
class MessageRoutes:
    """The services behind them are the sockets' own: what is sent here arrives there, what is read there is listed here."""

    send: SendMessage
    typing: ShowTyping
    tell_typing: TellTyping
    chats: TitleChats
    messages: ListMessages
    delivered: ListDelivered
    read: ListRead
    mark_read: MarkRead
    links: Links
    text_max_chars: int

    def routes(self) -> list[Route]:
        return [
            *messaging("POST", "/api/messages/send-message/", self.send_text),
            *messaging("POST", "/api/messages/send-location/", self.send_location),
            *messaging("POST", "/api/messages/set-typing/", self.start_typing),
            *messaging("POST", "/api/messages/set-paused/", self.stop_typing),
            *messaging("GET", "/api/message/chats/", self.show_chats),
            *messaging("GET", "/api/messages/chats/", self.show_chats),
            *messaging("GET", "/api/messages/chats/" + _TARGET, self.show_messages),
            *messaging("POST", "/api/messages/update-last-read/", self.update_last_read),
            *messaging("GET", "/api/messages/delivered/" + _CONTACT, self.show_delivered),
            *messaging("GET", "/api/messages/read/" + _CONTACT, self.show_read),
        ]

    async def send_text(self, request: web.Request) -> web.Response:
        return await self._send(request, lambda fields: wire.read_text_message(fields, self.text_max_chars))

    async def send_location(self, request: web.Request) -> web.Response:
        return await self._send(request, wire.read_location)

    async def _send(self, request: web.Request, read: Callable[[Fields], Message]) -> web.Response:
        actor, fields = await read_as_account(request)
        target = wire.read_recipient(fields)
        entry = await self.send(actor, target, read(fields), wire.read_attempt(fields))
        self.typing.sent(entry.chat_id, actor.account_id)
        return web.json_response(wire.show_sent(entry, self.links.shown_in(request)))

    async def start_typing(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.tell_typing.start(actor, wire.read_recipient(fields))
        return web.json_response({})

    async def stop_typing(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.tell_typing.stop(actor, wire.read_recipient(fields))
        return web.json_response({})

    async def show_chats(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        fields = {**fields, **read_query(request)}
        limit, offset = wire.read_part(fields)
        return web.json_response(wire.show_chats(await self.chats(actor, limit=limit, offset=offset)))

    async def show_messages(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        fields = {**fields, **read_query(request)}
        found = await self.messages(
            actor,
            wire.read_path_target(request.match_info["target"]),
            wire.read_window(fields),
            is_received_only=wire.read_is_received_only(fields),
        )
        return web.json_response(wire.show_messages(found, self.links.shown_in(request)))

    async def update_last_read(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        target = wire.read_recipient(fields)
        updated = await self.mark_read(actor, target, wire.read_limit_date(fields))
        return web.json_response(wire.show_marked(updated))

    async def show_delivered(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        window = wire.read_window({**fields, **read_query(request)})
        found = await self.delivered(actor, request.match_info["contact_id"], window)
        return web.json_response(wire.show_receipts(found, "delivered"))

    async def show_read(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        window = wire.read_window({**fields, **read_query(request)})
        found = await self.read(actor, request.match_info["contact_id"], window)
        return web.json_response(wire.show_receipts(found, "read"))
