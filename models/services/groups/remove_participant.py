"""Takes somebody out of a group."""

from dataclasses import dataclass

from models.documents.entry import Left
from models.documents.session import Actor
from models.services.chats.record_changes import RecordChanges
from models.services.groups.leave_group import LeaveGroup
from models.services.groups.turn import ChangeGroup


@dataclass(frozen=True, slots=True)
class RemoveParticipant:
    """An admin removes a participant, also another admin; removing oneself is leaving, and needs no admin.

    Raises ChatNotFound, NotAnAdmin, ParticipantNotFound.
    """

    change: ChangeGroup
    leave: LeaveGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, number: str) -> None:
        if number == actor.number:
            await self.leave(actor, group)
            return
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            account_id = roster.require_participant(number)
            await self.record(actor, roster.chat.id, Left(account_id, number))
