"""Greets a new connection: tells it who it is and what chats it has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from models.documents.session import Actor
from models.events import Ready
from models.ports import Fanout
from models.services.chats.listing import ChatPage
from models.services.contacts.directory import Directory


@dataclass(frozen=True, slots=True)
class Greet:
    """`ready` comes after the connection is registered, so nothing falls between its chat list and the events that follow."""

    directory: Directory
    chats: Callable[[int], Awaitable[ChatPage | None]]  # the first page of an account
    fanout: Fanout

    async def __call__(self, actor: Actor, connection: str) -> None:
        page = await self.chats(actor.account_id) or ChatPage([], None)
        account = await self.directory.require(actor.account_id)
        self.fanout.whisper(Ready(account, actor.session_id, page.heads, page.next), connection)
