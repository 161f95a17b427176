"""Requests of `/chat` about single messages: forwarding, what is pinned, and what a message said before."""

from collections.abc import Awaitable, Sequence

from handlers.sockets.base import Answer, Body
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.entries import show_message
from handlers.wire.sockets.messages import read_targets, show_wordings
from handlers.wire.sockets.requests import read_client_id, read_seq, read_target
from models.documents.entry import Stored
from models.services.chats.forward import ForwardMessage
from models.services.chats.pins import ListPinned
from models.services.chats.send import message_of
from models.services.chats.wordings import ListWordings


class MessageRequests:
    """A part of ChatNamespace, which sets what it needs."""

    _forward: ForwardMessage
    _list_wordings: ListWordings
    _list_pinned: ListPinned

    def on_message_forward(self, client: ClientConnection, body: Body) -> Awaitable[Answer]:
        """{chat, seq, to: [{chat or contact or group}], client_id} -> {messages}, one for each of `to`, in its order."""
        source, seq, client_id = read_target(body), read_seq(body), read_client_id(body)
        copies = self._forward.submit(client.actor, source, seq, read_targets(body), client_id)
        return self._finish_forward(client.in_turn(copies))

    async def _finish_forward(self, submission: "Awaitable[Awaitable[Sequence[Stored]]]") -> Answer:
        return {"messages": [show_message(message_of(stored)) for stored in await (await submission)]}

    async def on_message_history(self, client: ClientConnection, body: Body) -> Answer:
        """{chat, seq} -> {wordings: [{text, at}]}, the first wording first."""
        return show_wordings(await self._list_wordings(client.actor, read_target(body), read_seq(body)))

    async def on_pinned(self, client: ClientConnection, body: Body) -> Answer:
        """{chat} -> {chat, messages}, the last pinned one first."""
        chat_id, messages = await self._list_pinned(client.actor, read_target(body))
        return {"chat": chat_id, "messages": [show_message(message) for message in messages]}
