"""`/typing`: who is writing right now."""

from typing_extensions import override

from handlers.sockets.base import Answer, BaseNamespace, Body, Caller, Gate
from handlers.wire.events import TYPING
from handlers.wire.requests import read_target
from models.services.show_typing import ShowTyping


class TypingNamespace(BaseNamespace):
    name = TYPING

    def __init__(self, gate: Gate, typing: ShowTyping) -> None:
        super().__init__(gate)
        self._typing = typing
        # By account, so that a crowd that leaves does not cost the square of it.
        self._connections: dict[int, set[str]] = {}

    @override
    async def entered(self, caller: Caller) -> None:
        self._connections.setdefault(caller.actor.account_id, set()).add(caller.connection)

    @override
    def left(self, caller: Caller) -> None:
        account_id = caller.actor.account_id
        mates = self._connections.get(account_id, set())
        mates.discard(caller.connection)
        if not mates:
            self._connections.pop(account_id, None)
            self._typing.left(account_id)

    async def on_typing_start(self, caller: Caller, body: Body) -> Answer:
        """{chat or contact or group} -> {chat}; over by itself if it is not said again."""
        return {"chat": await self._typing.start(caller.actor, read_target(body))}

    async def on_typing_stop(self, caller: Caller, body: Body) -> Answer:
        """{chat or contact or group} -> {chat}."""
        return {"chat": await self._typing.stop(caller.actor, read_target(body))}
