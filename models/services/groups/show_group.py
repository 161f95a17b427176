"""Shows one group to somebody who is in it."""

from dataclasses import dataclass

from models.documents.chat import Group
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import Rosters
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class ShowGroup:
    """The group as the database has it now, so that every node shows a change that any node has answered.

    Raises ChatNotFound when there is no such group, or the actor is not in it any more.
    """

    chats: Chats
    rosters: Rosters

    async def __call__(self, actor: Actor, group: str) -> Group:
        chat = await self.chats.find_group(group)
        if chat is not None and await self.rosters.catch_up(chat.id):
            chat = await self.chats.find(chat.id)
        if chat is None:
            raise ChatNotFound
        shown = Group(chat, (await self.chats.list_participants([chat.id]))[chat.id])
        if not shown.has(actor.account_id):
            raise ChatNotFound
        return shown
