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

    @override
    async def left(self, caller: Caller) -> None:
        if not any(other.actor.account_id == caller.actor.account_id for other in self._callers.values()):
            self._typing.left(caller.actor.account_id)

    async def on_typing_start(self, caller: Caller, body: Body) -> Answer:
        """{chat or contact or group} -> {chat}; over by itself if it is not said again."""
        return {"chat": await self._typing.start(caller.actor, read_target(body))}

    async def on_typing_stop(self, caller: Caller, body: Body) -> Answer:
        """{chat or contact or group} -> {chat}."""
        return {"chat": await self._typing.stop(caller.actor, read_target(body))}
