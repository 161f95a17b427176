"""`/receipts`: up to which message an account has received and read a chat."""

from collections.abc import Awaitable

from handlers.sockets.base import Answer, BaseNamespace, Body, NamespaceContext, Pending
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.packets import RECEIPTS
from handlers.wire.sockets.requests import read_seq, read_target
from models.documents.chat_ref import ChatRef
from models.services.chats.receipts import AdvanceReceipts


class ReceiptsNamespace(BaseNamespace):
    """Advances the receipts of the asking account."""

    name = RECEIPTS

    def __init__(self, context: NamespaceContext, marks: AdvanceReceipts) -> None:
        super().__init__(context)
        self._marks = marks

    def on_delivered(self, client: ClientConnection, body: Body) -> Pending | Awaitable[Answer]:
        """{chat, seq} -> {chat}: everything up to here has arrived on a device."""
        return self._move(client, read_target(body), delivered=read_seq(body))

    def on_read(self, client: ClientConnection, body: Body) -> Pending | Awaitable[Answer]:
        """{chat, seq} -> {chat}: everything up to here has been read."""
        return self._move(client, read_target(body), read=read_seq(body))

    def _move(
        self, client: ClientConnection, target: ChatRef, *, delivered: int = 0, read: int = 0
    ) -> Pending | Awaitable[Answer]:
        moved = self._marks.move_now(client.actor, target, delivered=delivered, read=read)
        if moved is None:
            return self._move_later(client, target, delivered=delivered, read=read)
        chat_id, stored = moved
        return Pending(stored, lambda _: {"chat": chat_id})

    async def _move_later(self, client: ClientConnection, target: ChatRef, *, delivered: int, read: int) -> Answer:
        return {"chat": await self._marks(client.actor, target, delivered=delivered, read=read)}
