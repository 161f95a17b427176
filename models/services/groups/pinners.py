"""Sets who may pin messages in a group."""

from dataclasses import dataclass

from models.documents.chat import Pinners
from models.documents.entry import PinnersSet
from models.documents.session import Actor
from models.services.chats.record_changes import RecordChanges
from models.services.groups.turn import ChangeGroup


@dataclass(frozen=True, slots=True)
class SetPinners:
    """Sets who may pin messages in a group, if the actor is an admin. Raises ChatNotFound and NotAnAdmin."""

    change: ChangeGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, pinners: Pinners) -> None:
        async with self.change(actor, group) as roster:
            roster.require_admin(actor.account_id)
            if roster.chat.pinners is not pinners:
                await self.record(actor, roster.chat.id, PinnersSet(pinners))
