"""Messages on the messaging API (docs/messaging-api.md, "Sending", "Message list" and "Receipts")."""

from dataclasses import dataclass

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.links import Links
from handlers.rest.paths import messaging
from handlers.rest.requests import path_number, read_query
from handlers.wire.fields import Fields
from handlers.wire.messaging import messages as wire
from handlers.wire.messaging.chats import ChatsShown, show_chats
from handlers.wire.messaging.drafts import Attempt, LocationToSend, TextToSend, text_to_send
from handlers.wire.messaging.lists import ChatsAsked, LastRead, MessagesAsked, SyncAsked, WindowAsked
from handlers.wire.messaging.receipts import (
    DeliveredListShown,
    MarkedShown,
    ReadListShown,
    show_delivered,
    show_marked,
    show_read,
)
from handlers.wire.messaging.recipients import ToSomebody, read_path_target
from handlers.wire.messaging.request import NothingShown, parse
from handlers.wire.sockets.chats import ChatSyncShown, show_sync
from models.documents.entry import Entry
from models.documents.session import Actor
from models.errors import (
    ChatNotFound,
    ClientIdReused,
    ContactBlocked,
    DomainError,
    NotAContact,
    ParticipantNotFound,
    RateLimited,
    TooLong,
)
from models.services.chats.history import ListMessages
from models.services.chats.message_receipts import ListDelivered, ListRead, MarkRead
from models.services.chats.send import SendMessage
from models.services.chats.sync import SyncChats
from models.services.chats.titles import ListChatsWithTitles
from models.services.chats.typing import TypingByNumber

_TARGET = "{target:[0-9]+(?:-[0-9]+)?}/"
_CONTACT = "{contact_id:[0-9]+}/"
SEND_REFUSALS = (ContactBlocked, NotAContact, ChatNotFound, ClientIdReused, RateLimited)


@dataclass(frozen=True, slots=True)
class MessageRoutes:
    """Messages over REST. The services are those of the sockets, so a message sent here arrives there, and the other way round."""

    send: SendMessage
    tell_typing: TypingByNumber
    chats: ListChatsWithTitles
    messages: ListMessages
    delivered: ListDelivered
    read: ListRead
    mark_read: MarkRead
    sync: SyncChats
    links: Links
    text_max_chars: int

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST",
                "/api/messages/send-message/",
                self.send_text,
                OperationSpec(
                    "Send a text.",
                    {200: wire.SentShown},
                    takes=text_to_send(self.text_max_chars),
                    refuses=(TooLong, ParticipantNotFound, *SEND_REFUSALS),
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/send-location/",
                self.send_location,
                OperationSpec(
                    "Send a place.", {200: wire.SentShown}, takes=LocationToSend, refuses=(TooLong, *SEND_REFUSALS)
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/set-typing/",
                self.start_typing,
                OperationSpec(
                    "Show that you are typing.",
                    {200: NothingShown},
                    takes=ToSomebody,
                    refuses=(NotAContact, ChatNotFound),
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/set-paused/",
                self.stop_typing,
                OperationSpec(
                    "Show that you paused.", {200: NothingShown}, takes=ToSomebody, refuses=(NotAContact, ChatNotFound)
                ),
            ),
            *messaging(
                "GET",
                "/api/message/chats/",
                self.show_chats,
                OperationSpec("Your chats, with contacts and groups.", {200: ChatsShown}, query=ChatsAsked),
            ),
            *messaging("GET", "/api/messages/chats/", self.show_chats, canonical="/api/message/chats/"),
            *messaging(
                "GET",
                "/api/messages/chats/" + _TARGET,
                self.show_messages,
                OperationSpec(
                    "The messages of a chat, those that you sent included.",
                    {200: wire.MessagesShown},
                    query=MessagesAsked,
                    description="`target` is a contact's number or a group's id; one that is unknown has no messages. The newest come "
                    "first, page by page: while an answer has `more`, ask again with its `next` as `before`, or follow its Link. Whoever "
                    "polls asks with the id of the newest message that it has as `after`, and so gets each one once.",
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/sync/",
                self.sync_chats,
                OperationSpec(
                    "What is new in all your chats.",
                    {200: ChatSyncShown},
                    takes=SyncAsked,
                    description="The sockets' `sync`, for whoever polls: keep the `cursor` of each chat, and ask with them again; at once "
                    "while the answer has `more`. `delta` is what you miss, `reset` means: forget what you hold of this chat and begin "
                    "with these entries. Addresses of files are relative to this server.",
                ),
            ),
            *messaging(
                "POST",
                "/api/messages/update-last-read/",
                self.update_last_read,
                OperationSpec(
                    "Mark what you received as read.", {200: MarkedShown}, takes=LastRead, refuses=(ChatNotFound,)
                ),
            ),
            *messaging(
                "GET",
                "/api/messages/delivered/" + _CONTACT,
                self.show_delivered,
                OperationSpec(
                    "Which of your messages a contact has received.", {200: DeliveredListShown}, query=WindowAsked
                ),
            ),
            *messaging(
                "GET",
                "/api/messages/read/" + _CONTACT,
                self.show_read,
                OperationSpec("Which of your messages a contact has read.", {200: ReadListShown}, query=WindowAsked),
            ),
        ]

    async def send_text(self, request: web.Request) -> web.Response:
        return await self._send(request, text_to_send(self.text_max_chars))

    async def send_location(self, request: web.Request) -> web.Response:
        return await self._send(request, LocationToSend)

    async def _send(self, request: web.Request, shape: type[TextToSend] | type[LocationToSend]) -> web.Response:
        actor, fields = await read_as_account(request)
        try:
            asked = parse(shape, fields)
        except DomainError as refusal:
            entry = await find_sent(self.send, actor, fields, refusal)
        else:
            entry = await self.send(actor, asked.target, asked.draft(), asked.client_id)
        return web.json_response(wire.show_sent(entry, self.links.shown_in(request)))

    async def start_typing(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.tell_typing.start(actor, parse(ToSomebody, fields).target)
        return web.json_response({})

    async def stop_typing(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.tell_typing.stop(actor, parse(ToSomebody, fields).target)
        return web.json_response({})

    async def show_chats(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(ChatsAsked, {**fields, **read_query(request)})
        page = await self.chats(actor, limit=asked.count, offset=asked.offset, before=asked.before)
        return self._show_page(request, show_chats(page))

    async def show_messages(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(MessagesAsked, {**fields, **read_query(request)})
        target = read_path_target(request.match_info["target"])
        found = await self.messages(actor, target, asked.window, is_received_only=asked.received_only)
        return self._show_page(request, wire.show_messages(found, self.links.shown_in(request)))

    def _show_page(
        self,
        request: web.Request,
        shown: wire.MessagesShown | DeliveredListShown | ReadListShown | ChatsShown,
    ) -> web.Response:
        return web.json_response(shown, headers=self.links.to_next(request, shown.get("next")))

    async def sync_chats(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        answer = await self.sync(actor, parse(SyncAsked, fields).cursors)
        return web.json_response(text=orjson.dumps(show_sync(answer)).decode())

    async def update_last_read(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(LastRead, fields)
        updated = await self.mark_read(actor, asked.target, asked.date_limit)
        return web.json_response(show_marked(updated))

    async def show_delivered(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        window = parse(WindowAsked, {**fields, **read_query(request)}).window
        found = await self.delivered(actor, path_number(request), window)
        return self._show_page(request, show_delivered(found))

    async def show_read(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        window = parse(WindowAsked, {**fields, **read_query(request)}).window
        found = await self.read(actor, path_number(request), window)
        return self._show_page(request, show_read(found))


async def find_sent(send: SendMessage, actor: Actor, fields: Fields, refusal: DomainError) -> Entry:
    """Returns the message that these fields have led to already; raises their refusal if there is none.

    Limits may change between two starts of a server, but a repeated request keeps its first answer.
    """
    if fields.get("client_id") in (None, ""):
        raise refusal
    try:
        attempt = parse(Attempt, fields)
    except DomainError:
        raise refusal from None
    entry = await send.find_sent(actor, attempt.target, attempt.client_id)
    if entry is None:
        raise refusal
    return entry
