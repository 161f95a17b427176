"""Takes the actor out of a group."""

from dataclasses import dataclass

from models.documents.chat import Role, find_heir
from models.documents.entry import Left, RoleSet
from models.documents.session import Actor
from models.services.chats.record_changes import RecordChanges
from models.services.groups.turn import ChangeGroup
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """Anybody may leave; an only admin hands over to the longest-standing participant first (messaging contract 12).

    With the last participant the group ends: it stays in the database, and nobody can see it. Raises ChatNotFound.
    """

    change: ChangeGroup
    chats: Chats
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str) -> None:
        async with self.change(actor, group) as roster:
            chat_id, left = roster.chat.id, Left(actor.account_id, actor.number)
            heir = None
            if roster.is_only_admin(actor.account_id):
                heir = find_heir((await self.chats.list_participants([chat_id]))[chat_id], of=actor.account_id)
            if heir is None:
                await self.record(actor, chat_id, left)
            else:
                # In this order a crash between the two leaves an admin too many, not none.
                await self.record(actor, chat_id, RoleSet(heir.account_id, heir.number, Role.ADMIN), left)
