"""Finds one message for somebody who may read it, also for a former member."""

from dataclasses import dataclass

from models.documents.chat import Member
from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, Message
from models.documents.session import Actor
from models.errors import ChatNotFound, MessageDeleted, MessageNotFound
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.stores.entries import Entries
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class ReadableMessage:
    """A message as a member may see it now, or as it was when the member left. `body` is its content."""

    member: Member
    entry: Entry
    body: Message


@dataclass(frozen=True, slots=True)
class FindMessage:
    """Finds a message that is not deleted. Raises ChatNotFound if the actor was never in the chat, MessageNotFound, MessageDeleted."""

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries

    async def __call__(self, actor: Actor, target: ChatRef, seq: int) -> ReadableMessage:
        chat_id = await self.resolve.require_id(actor, target)
        # In this order nobody reads behind its own departure (see ReadChatSummaries).
        entry = await self.entries.find(chat_id, seq)
        await self.memberships.catch_up_all([chat_id])
        member = await self.members.find_member(chat_id, actor.account_id)
        if member is None or not member.is_listed:
            raise ChatNotFound
        shown = [] if entry is None else await self.entries.as_shown_to(member, [entry])
        if not shown or not isinstance(shown[0].body, Message):
            raise MessageNotFound
        if shown[0].is_deleted:
            raise MessageDeleted
        return ReadableMessage(member, shown[0], shown[0].body)
