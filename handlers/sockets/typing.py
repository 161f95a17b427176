"""`/typing`: which accounts are writing right now."""

from collections.abc import Awaitable

from typing_extensions import override

from handlers.sockets.base import Answer, BaseNamespace, Body, NamespaceContext
from handlers.sockets.client import ClientConnection
from handlers.wire.sockets.packets import TYPING
from handlers.wire.sockets.requests import read_target
from models.services.chats.typing import BroadcastTyping


class TypingNamespace(BaseNamespace):
    """Starts and stops typing; an account that has left all connections is not typing."""

    name = TYPING

    def __init__(self, context: NamespaceContext, typing: BroadcastTyping) -> None:
        super().__init__(context)
        self._typing = typing
        # By account, so that a crowd that leaves costs no quadratic time.
        self._connections: dict[int, set[str]] = {}

    @override
    async def joined(self, client: ClientConnection) -> None:
        self._connections.setdefault(client.actor.account_id, set()).add(client.connection)

    @override
    def left(self, client: ClientConnection) -> None:
        account_id = client.actor.account_id
        mates = self._connections.get(account_id, set())
        mates.discard(client.connection)
        if not mates:
            self._connections.pop(account_id, None)
            self._typing.left(account_id)

    def on_typing_start(self, client: ClientConnection, body: Body) -> Answer | Awaitable[Answer]:
        """{chat or contact or group} -> {chat}; ends by itself if it is not repeated."""
        target = read_target(body)
        chat_id = self._typing.start_now(client.actor, target) if client.is_first else None
        if chat_id is not None:
            return {"chat": chat_id}
        return self._later(client.in_turn(self._typing.start(client.actor, target)))

    def on_typing_stop(self, client: ClientConnection, body: Body) -> Answer | Awaitable[Answer]:
        """{chat or contact or group} -> {chat}."""
        target = read_target(body)
        chat_id = self._typing.stop_now(client.actor, target) if client.is_first else None
        if chat_id is not None:
            return {"chat": chat_id}
        return self._later(client.in_turn(self._typing.stop(client.actor, target)))

    async def _later(self, chat_id: Awaitable[int]) -> Answer:
        return {"chat": await chat_id}
