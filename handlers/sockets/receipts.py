"""`/receipts`: how far an account has received and read."""

from handlers.sockets.base import Answer, BaseNamespace, Body, Caller, Gate
from handlers.wire.events import RECEIPTS
from handlers.wire.requests import read_seq, read_target
from models.services.move_marks import MoveMarks


class ReceiptsNamespace(BaseNamespace):
    name = RECEIPTS

    def __init__(self, gate: Gate, marks: MoveMarks) -> None:
        super().__init__(gate)
        self._marks = marks

    async def on_delivered(self, caller: Caller, body: Body) -> Answer:
        """{chat, seq} -> {chat}: everything up to here has arrived on a device."""
        return {"chat": await self._marks(caller.actor, read_target(body), delivered=read_seq(body))}

    async def on_read(self, caller: Caller, body: Body) -> Answer:
        """{chat, seq} -> {chat}: everything up to here has been read."""
        return {"chat": await self._marks(caller.actor, read_target(body), read=read_seq(body))}
