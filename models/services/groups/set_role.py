"""Makes a participant of a group an admin, or an admin a participant like the others."""

from dataclasses import dataclass

from models.documents.chat import Role, find_heir
from models.documents.entry import RoleSet
from models.documents.session import Actor
from models.services.chats.record_changes import RecordChanges
from models.services.groups.turn import ChangeGroup
from models.stores.chats import Chats


@dataclass(frozen=True, slots=True)
class SetRole:
    """An admin gives a participant a role; one that it has already changes nothing (messaging contract 12).

    An only admin that demotes itself hands over to the longest-standing other participant, as it would by leaving: people
    who step down want somebody else to look after the group, and no group is ever without an admin. Alone in a group it
    stays admin. Raises ChatNotFound, NotAnAdmin, ParticipantNotFound.
    """

    change: ChangeGroup
    chats: Chats
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, number: str, role: Role) -> None:
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            chat_id, account_id = roster.chat.id, roster.require_participant(number)
            if roster.roles[account_id] is role:
                return
            changed = RoleSet(account_id, number, role)
            if not roster.is_only_admin(account_id):
                await self.record(actor, chat_id, changed)
                return
            heir = find_heir((await self.chats.list_participants([chat_id]))[chat_id], of=account_id)
            if heir is not None:
                await self.record(actor, chat_id, RoleSet(heir.account_id, heir.number, Role.ADMIN), changed)
