"""Single messages on the messaging API, by their id: forwarding, pinning, wordings (docs/messaging-api.md, "Single messages")."""

from dataclasses import dataclass

import orjson
from aiohttp import web

from handlers.rest.account_choice import read_as_account
from handlers.rest.described import OperationSpec, Route
from handlers.rest.messaging.messages import SEND_REFUSALS
from handlers.rest.paths import messaging
from handlers.rest.requests import path_chat, path_message
from handlers.wire.messaging.message_actions import (
    ForwardAsked,
    GroupPinnersShown,
    PinMessageAsked,
    PinnersAsked,
    show_pinners,
)
from handlers.wire.messaging.request import NothingShown, parse
from handlers.wire.sockets.messages import (
    ChangedMessageShown,
    MessagesListShown,
    PinnedShown,
    WordingsShown,
    show_changed,
    show_entries,
    show_wordings,
)
from models.documents.entry import Pin
from models.errors import (
    ChatNotFound,
    ClientIdReused,
    ContactBlocked,
    Forbidden,
    MessageDeleted,
    MessageNotFound,
    NotAnAdmin,
    PinsFull,
    RateLimited,
    TooLong,
)
from models.services.chats.change import ChangeMessage
from models.services.chats.forward import ForwardMessage
from models.services.chats.pins import ListPinned
from models.services.chats.send import message_of
from models.services.chats.wordings import ListWordings
from models.services.groups.groups import GetGroup
from models.services.groups.pinners import SetPinners

_MESSAGE = "/api/messages/{message_id:[0-9A-Fa-f]{22}}/"
_CHAT = "/api/chats/{chat_id:[0-9]+}/"
_GROUP = "/api/groups/{group:[0-9]+-[0-9]+}/"
_NOT_READABLE = (ChatNotFound, MessageNotFound, MessageDeleted)


@dataclass(frozen=True, slots=True)
class OneMessageRoutes:
    forward_message: ForwardMessage
    change: ChangeMessage
    list_wordings: ListWordings
    list_pinned: ListPinned

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "POST",
                _MESSAGE + "forward/",
                self.forward,
                OperationSpec(
                    "Send a message on to other chats.",
                    {200: MessagesListShown},
                    takes=ForwardAsked,
                    refuses=(TooLong, MessageNotFound, MessageDeleted, *SEND_REFUSALS),
                    description="All or none: where one of the chats refuses, nothing is sent. The answer has one message for each of `to`. "
                    "Addresses of files are relative to this server.",
                ),
            ),
            *messaging(
                "POST",
                _MESSAGE + "pin/",
                self.pin,
                OperationSpec(
                    "Pin a message in its chat for everybody, or take it off.",
                    {200: ChangedMessageShown},
                    takes=PinMessageAsked,
                    refuses=(
                        *_NOT_READABLE,
                        NotAnAdmin,
                        Forbidden,
                        ContactBlocked,
                        PinsFull,
                        ClientIdReused,
                        RateLimited,
                    ),
                ),
            ),
            *messaging(
                "GET",
                _MESSAGE + "history/",
                self.show_wordings,
                OperationSpec(
                    "What a message said before it was edited, and says now.",
                    {200: WordingsShown},
                    refuses=_NOT_READABLE,
                    description="The newest hundred wordings, as far as you could read them when they stood.",
                ),
            ),
            *messaging(
                "GET",
                _CHAT + "pinned/",
                self.show_pinned,
                OperationSpec("The pinned messages of a chat.", {200: PinnedShown}, refuses=(ChatNotFound,)),
            ),
        ]

    async def forward(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(ForwardAsked, fields)
        source, seq = path_message(request)
        sent = await self.forward_message(actor, source, seq, asked.to, asked.client_id)
        return _json(show_entries([message_of(stored) for stored in sent]))

    async def pin(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        asked = parse(PinMessageAsked, fields)
        target, seq = path_message(request)
        pin = await self.change.submit_pin(actor, target, seq, asked.client_id, pinned=asked.pinned)
        return _json(show_changed(*await self.change.finish(pin, Pin)))

    async def show_wordings(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        target, seq = path_message(request)
        return _json(show_wordings(await self.list_wordings(actor, target, seq)))

    async def show_pinned(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        chat_id, messages = await self.list_pinned(actor, path_chat(request))
        return _json({"chat": chat_id, **show_entries(messages)})


@dataclass(frozen=True, slots=True)
class PinnersRoutes:
    """Who may pin messages in a group."""

    find: GetGroup
    set_pinners: SetPinners

    def routes(self) -> list[Route]:
        return [
            *messaging(
                "GET",
                _GROUP + "pinners/",
                self.show,
                OperationSpec("Who may pin messages in a group.", {200: GroupPinnersShown}, refuses=(ChatNotFound,)),
            ),
            *messaging(
                "POST",
                _GROUP + "pinners/",
                self.change,
                OperationSpec(
                    "Say who may pin messages in a group: its admins, or all; for its admins.",
                    {200: NothingShown},
                    takes=PinnersAsked,
                    refuses=(ChatNotFound, NotAnAdmin),
                ),
            ),
        ]

    async def show(self, request: web.Request) -> web.Response:
        actor, _ = await read_as_account(request)
        group = await self.find(actor, request.match_info["group"])
        return web.json_response(show_pinners(group.chat))

    async def change(self, request: web.Request) -> web.Response:
        actor, fields = await read_as_account(request)
        await self.set_pinners(actor, request.match_info["group"], parse(PinnersAsked, fields).pinners)
        return web.json_response({})


def _json(shown: object) -> web.Response:
    return web.json_response(text=orjson.dumps(shown).decode())
