"""Brings one more number into a group."""

from dataclasses import dataclass

from models.documents.entry import Joined
from models.documents.session import Actor
from models.errors import GroupFull
from models.services.chats.record_changes import RecordChanges
from models.services.groups.require_participants import RequireParticipants
from models.services.groups.turn import ChangeGroup


@dataclass(frozen=True, slots=True)
class AddParticipant:
    """An admin adds a contact; somebody who is in the group already stays as they are (messaging contract 12).

    Raises ChatNotFound, NotAnAdmin, NotAContact, GroupFull. Two nodes that add at once may exceed `members_max` by one each.
    """

    change: ChangeGroup
    require_participants: RequireParticipants
    record: RecordChanges
    members_max: int

    async def __call__(self, actor: Actor, group: str, number: str) -> None:
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            if number in roster.numbers.values():
                return
            (account,) = await self.require_participants(actor, [number])
            if len(roster.members) >= self.members_max:
                raise GroupFull
            await self.record(actor, roster.chat.id, Joined((account.id,), (number,)))
