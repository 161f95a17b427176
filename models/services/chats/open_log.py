"""Opens a chat's log for somebody who wants to read it by REST: members, and those who left, as far as they were in it."""

from dataclasses import dataclass

from models.documents.chat import Chat, Member
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound
from models.services.chats.membership import Rosters
from models.services.chats.resolve import ResolveChat
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class Log:
    chat: Chat
    member: Member


@dataclass(frozen=True, slots=True)
class OpenLog:
    resolve: ResolveChat
    rosters: Rosters
    chats: Chats

    async def __call__(self, actor: Actor, target: Target) -> Log | None:
        """The chat and the actor's row in it; None where the actor never was, or where no chat is (messaging contract 10.2)."""
        try:
            chat_id = await self.resolve.require_id(actor, target)
            member = await self.chats.find_member(chat_id, actor.account_id)
            return None if member is None else Log((await self.rosters.require(chat_id)).chat, member)
        except ChatNotFound:
            return None
