"""Lists the pinned messages of a chat. ChangeMessage pins them."""

from dataclasses import dataclass

from models.documents.chat_ref import ChatRef
from models.documents.entry import ANSWER_MAX_CHARS, Entry, fitting
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.permission import PINS_MAX
from models.services.chats.resolve import ResolveChat
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.message_changes import MessageChanges


@dataclass(frozen=True, slots=True)
class ListPinned:
    """Lists the pinned messages of a chat that the actor may see, the last pinned one first. Raises ChatNotFound for all but members."""

    resolve: ResolveChat
    members: Members
    entries: Entries
    changes: MessageChanges

    async def __call__(self, actor: Actor, target: ChatRef) -> tuple[int, list[Entry]]:
        """Returns the chat's id and the messages, as many as fit into one answer."""
        chat_id = (await self.resolve(actor, target)).chat.id
        pinned = await self.changes.list_pinned(chat_id, PINS_MAX)
        member = await self.members.find_member(chat_id, actor.account_id)
        if member is None or not member.is_active:
            raise ChatNotFound  # it has left meanwhile
        return chat_id, fitting(await self.entries.as_shown_to(member, pinned), ANSWER_MAX_CHARS)
