"""Gives a group another subject."""

from dataclasses import dataclass

from models.documents.entry import SubjectSet
from models.documents.session import Actor
from models.services.chats.record_changes import RecordChanges
from models.services.groups.turn import ChangeGroup


@dataclass(frozen=True, slots=True)
class SetSubject:
    """Any participant may (messaging contract 12); raises ChatNotFound."""

    change: ChangeGroup
    record: RecordChanges

    async def __call__(self, actor: Actor, group: str, subject: str) -> None:
        async with self.change(actor, group) as roster:
            await self.record(actor, roster.chat.id, SubjectSet(subject))
