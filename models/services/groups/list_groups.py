"""Lists the groups that somebody is in."""

from dataclasses import dataclass

from models.documents.chat import Group
from models.documents.session import Actor
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class ListGroups:
    """All groups of the actor, oldest first: three queries, however many groups."""

    chats: Chats

    async def __call__(self, actor: Actor) -> list[Group]:
        chats = await self.chats.list_groups(actor.account_id)
        participants = await self.chats.list_participants([chat.id for chat in chats])
        groups = (Group(chat, participants[chat.id]) for chat in chats)
        # Between two queries the actor may have been removed.
        return [group for group in groups if group.has(actor.account_id)]
